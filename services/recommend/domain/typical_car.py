"""The cars of a segment that were sold, taken all together, and what today's market bears for such ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from services.recommend.domain.market_price import (
    STALE_MARKET_DAYS,
    age_years,
    equipment_share,
    residual_sd_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from services.recommend.domain.book import SegmentMarket, Unit

_KM_UNIT = 10_000.0
_PREMIUM = 0.08
"""A store may sell for so much over the price model, by the cars it picks and by skill; more is the market's."""
_FEWEST = 5
"""The average of fewer cars is off by as much as markets move."""
_OTHER_CARS = 1.5
"""Cars that went for so many times the model's price were others: a trim or an engine it does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypicalCar:
    """What some cars of a segment went for on average, their mean age in years and distance in km when they did.

    With the share of them that was certified, and each one's trim.
    """

    went_for: float
    years: float
    odometer_km: float
    trims: tuple[str | None, ...]
    certified: float = 0.0

    def in_words(self) -> str:
        """Tell it as a person would."""
        return f"{self.years:.1f} years and {self.odometer_km:,.0f} km"


@dataclass(frozen=True, slots=True)
class TodaysPrice:
    """What the market bears today for cars that went for ``former``, in dealer's currency."""

    amount: float
    former: float
    as_of: date
    formula: str

    @property
    def scale(self) -> float:
        """Give today's price over the former, below 1."""
        return self.amount / self.former


def typical_car(sold: Iterable[tuple[Unit, date, float]]) -> TypicalCar | None:
    """Take units of a shelf together, each with its last day and price; nothing where none is described."""
    known = [(unit, unit.model_year, unit.odometer_km, on, price) for unit, on, price in sold]
    told = [
        (unit, price, age_years(year, on), km)
        for unit, year, km, on, price in known
        if year is not None and km is not None
    ]
    if not told:
        return None
    return TypicalCar(
        went_for=fmean(price for _, price, _, _ in told),
        years=fmean(years for _, _, years, _ in told),
        odometer_km=fmean(km for _, _, _, km in told),
        certified=fmean(unit.condition == "certified" for unit, _, _, _ in told),
        trims=tuple(unit.trim for unit, _, _, _ in told),
    )


def todays_price(car: TypicalCar, market: SegmentMarket | None, as_of: date) -> TodaysPrice | None:
    """Estimate what the market bears today for such cars, in dealer's currency.

    What the store gets over the model is its own up to a premium; of the rest, that part which trim and equipment
    make is left to them, as for a unit in stock. Nothing where it bears all of it, or more: that prices rose is
    believed once cars have sold for it. Nor where fewer than five were sold, where no price model tells, or one over
    60 days old, or where the two are too far apart to be the same cars.
    """
    if len(car.trims) < _FEWEST or market is None or (as_of - market.as_of).days > STALE_MARKET_DAYS:
        return None
    model, residual, former = _modelled(car, market), residual_sd_of(market), car.went_for
    if model is None:
        return None
    most = model * (1 + _PREMIUM)
    if not most < former <= model * _OTHER_CARS:
        return None
    share = equipment_share(residual) if residual else 0.0
    formula = (
        f"{model:,.0f} by the price model at {car.in_words()}, the mean of them, and {_PREMIUM:.0%} over it;"
        f" {share:.0%} of the gap that is left is put down to trim and equipment"
    )
    return TodaysPrice(most * (former / most) ** share, former, market.as_of, formula)


def _modelled(car: TypicalCar, market: SegmentMarket) -> float | None:
    curve = market.price_curve
    if curve is not None:
        premium = curve.certified_premium * car.certified
        of_each = [curve.log_price(car.years, car.odometer_km, trim, certified=False) for trim in car.trims]
        return fmean(math.exp(each + premium) for each in of_each)
    if market.price_log_reference is None:
        return None
    distance = (market.price_km_slope or 0.0) * car.odometer_km / _KM_UNIT
    return math.exp(market.price_log_reference + (market.price_age_slope or 0.0) * car.years + distance)
