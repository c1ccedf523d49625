"""What the chance of a sale on a day depends on, and how it is put into numbers.

    log intensity = intercept + new + price + demand + supply + photos + age spline + month

The first six stay the same from day to day and make a unit's pace; the last two move with the calendar. So
survival at a price is exp(-pace(price) * the cumulated factors of the days), which is what makes thousands of
units at many prices cheap. A figure that is not known adds nothing: the unit is taken for an ordinary one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Days = NDArray[np.datetime64]

AGE_KNOTS: Final = (7.0, 21.0, 45.0, 90.0)
AGE_CAP: Final = 180.0
"""Days; older units are taken for as stale as these, which few data speak of."""
USUAL_DEMAND_PER_UNIT: Final = np.log(2.0) / 32.0
"""Sales a day per unit on hand where the median used car sells in 32 days."""
USUAL_DAYS_SUPPLY: Final = 60.0
USUAL_PHOTOS: Final = 20.0
_RATIO_LIMITS = (0.2, 5.0)
"""A demand or supply ratio beyond these says more of its data than of the unit."""
_PRICE_LIMITS = (0.6, 1.6)
_DAYS_PER_MONTH = 30.0

PACE: Final = ("intercept", "new", "price", "demand", "supply", "photos")
AGE: Final = ("age", *(f"age_from_{knot:.0f}" for knot in AGE_KNOTS))
MONTHS: Final = tuple(f"month_{number:02d}" for number in range(1, 13))
NAMES: Final = (*PACE, *AGE, *MONTHS)
"""The coefficients, in order."""
_PRICE = PACE.index("price")


@dataclass(frozen=True, slots=True, eq=False)
class UnitFeatures:
    """What is known of n units on ``as_of``, but for their price; every column has shape (n,), NaN if unknown.

    ``market_price`` is what the market asks for the unit, in the currency of its price. ``age_days`` counts
    from the day the group took it in. ``demand_per_day`` are units of its segment wanted at the rooftop and
    ``on_hand`` those that stand there, itself included. ``days_supply`` is the market's, of vehicles like it
    where that is known. ``photos`` counts those of its advert.
    """

    as_of: Days
    market_price: Floats
    age_days: Floats
    new: NDArray[np.bool_]
    demand_per_day: Floats
    on_hand: Floats
    days_supply: Floats
    photos: Floats

    @classmethod
    def of(
        cls,
        as_of: date | Sequence[date] | Days,
        market_price: Sequence[float] | Floats,
        age_days: Sequence[float] | Floats,
        *,
        new: Sequence[bool] | None = None,
        demand_per_day: Sequence[float | None] | Floats | None = None,
        on_hand: Sequence[float] | Floats | None = None,
        days_supply: Sequence[float | None] | Floats | None = None,
        photos: Sequence[float | None] | Floats | None = None,
    ) -> UnitFeatures:
        """Put columns together; a column left out is unknown throughout, and None is unknown.

        Raises:
            ValueError: if the columns are not equally long, or an age or a market price cannot be one.
        """
        n = len(market_price)
        features = cls(
            as_of=np.broadcast_to(np.asarray(as_of, dtype="datetime64[D]"), n),
            market_price=_column(market_price, n),
            age_days=_column(age_days, n),
            new=np.zeros(n, dtype=np.bool_) if new is None else np.asarray(new, dtype=np.bool_),
            demand_per_day=_column(demand_per_day, n),
            on_hand=_column(on_hand, n),
            days_supply=_column(days_supply, n),
            photos=_column(photos, n),
        )
        for name in ("market_price", "age_days", "new", "demand_per_day", "on_hand", "days_supply", "photos"):
            if getattr(features, name).shape != (n,):
                message = f"{name} has shape {getattr(features, name).shape}, market_price ({n},): give one per unit"
                raise ValueError(message)
        wrong = np.flatnonzero(~(features.market_price > 0) | ~(features.age_days >= 0))
        if wrong.size:
            row = int(wrong[0])
            message = (
                f"unit {row}: market price {features.market_price[row]} and age {features.age_days[row]} days; the"
                " price has to be above 0 and the age 0 or more"
            )
            raise ValueError(message)
        return features

    def __len__(self) -> int:
        """Count the units."""
        return len(self.market_price)


def pace_columns(features: UnitFeatures, log_price_to_market: Floats) -> Floats:
    """Give what a unit's pace depends on, shape (n, pace columns); the price has shape (n,)."""
    demand = np.log(np.clip(_ratio(features.demand_per_day, np.maximum(features.on_hand, 1.0)), *_RATIO_LIMITS))
    supply = np.log(np.clip(features.days_supply / USUAL_DAYS_SUPPLY, *_RATIO_LIMITS))
    photos = np.log((1.0 + np.clip(features.photos, 0.0, 2 * USUAL_PHOTOS)) / (1.0 + USUAL_PHOTOS))
    columns = np.column_stack([np.ones(len(features)), features.new, log_price_to_market, demand, supply, photos])
    known: Floats = np.nan_to_num(columns, nan=0.0)
    return known


def price_column(prices: Floats, market_price: Floats) -> Floats:
    """Give log price-to-market, shape as ``prices``, within what was ever seen to sell."""
    logs: Floats = np.log(np.clip(prices / market_price, *_PRICE_LIMITS))
    return logs


def age_columns(age_days: Floats) -> Floats:
    """Give the linear spline of age in units of 30 days, shape (..., age columns)."""
    age = np.clip(age_days, 0.0, AGE_CAP)
    hinges = [age, *(np.maximum(0.0, age - knot) for knot in AGE_KNOTS)]
    return np.stack(hinges, axis=-1) / _DAYS_PER_MONTH


def month_of(days: Days) -> NDArray[np.intp]:
    """Give the month of days, 0 for January, in the shape of ``days``."""
    months: NDArray[np.intp] = days.astype("datetime64[M]").astype(np.intp) % 12
    return months


def pace_of(coefficients: Floats, features: UnitFeatures, prices: Floats) -> Floats:
    """Give the part of the log intensity that does not move with the days, shape (n, k) as ``prices``."""
    fixed = pace_columns(features, np.zeros(len(features))) @ coefficients[: len(PACE)]
    logs = price_column(prices, features.market_price[:, None])
    pace: Floats = fixed[:, None] + coefficients[_PRICE] * logs
    return pace


def calendar_of(coefficients: Floats, features: UnitFeatures, days: int) -> Floats:
    """Give the part that moves with the days, shape (n, days): of the 1st to the ``days``-th day from now."""
    ahead = np.arange(1, days + 1)
    age = coefficients[len(PACE) : len(PACE) + len(AGE)]
    month = coefficients[len(PACE) + len(AGE) :]
    # A table of whole days is looked up faster than a spline is worked out for every unit and day.
    table = age_columns(np.arange(AGE_CAP + 1)) @ age
    at = np.minimum(np.round(features.age_days[:, None]) + ahead, AGE_CAP).astype(np.intp)
    calendar: Floats = table[at] + month[month_of(features.as_of[:, None] + ahead.astype("timedelta64[D]"))]
    return calendar


def _ratio(demand: Floats, on_hand: Floats) -> Floats:
    ratio: Floats = demand / on_hand / USUAL_DEMAND_PER_UNIT
    return ratio


def _column(values: Sequence[float | None] | Floats | None, n: int) -> Floats:
    if values is None:
        return np.full(n, np.nan)
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
