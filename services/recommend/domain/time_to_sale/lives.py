"""Lives of units as they were watched: spells between which something changed, such as the price.

A unit that came under watch at an age (delayed entry) counts from that age on only, and one that is still there,
or left otherwise than by a retail sale, counts as unsold up to then (right censoring): what was not watched is
not assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from services.recommend.domain.time_to_sale.features import (
    AGE_CAP,
    MONTHS,
    age_columns,
    month_of,
    pace_columns,
    price_column,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.recommend.domain.time_to_sale.features import UnitFeatures

    Floats = NDArray[np.float64]

_WEEK = 7.0
_EDGES: Final = np.concatenate([[0, 1, 2, 3, 5, 7, 10], np.arange(14.0, AGE_CAP + _WEEK, _WEEK)])


@dataclass(frozen=True, slots=True, eq=False)
class Lives:
    """Spells of units, one a row, shape (spells,); ``features`` describe each at its beginning.

    A spell runs from the end of the day at ``features.age_days`` to the end of the day at ``until_days``.
    ``sold`` tells that a retail sale ended it, on its last day. ``unit`` numbers the unit: spells of one unit
    are kept together when data are held out. ``price`` is the asking price in the market price's currency.
    """

    features: UnitFeatures
    unit: NDArray[np.intp]
    price: Floats
    until_days: Floats
    sold: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        features: UnitFeatures,
        unit: Sequence[int] | NDArray[np.intp],
        price: Sequence[float] | Floats,
        until_days: Sequence[float] | Floats,
        sold: Sequence[bool] | NDArray[np.bool_],
    ) -> Lives:
        """Put spells together.

        Raises:
            ValueError: if the columns are not equally long, or a spell has no day in it; a unit sold on the day
                it came has its one day to be counted.
        """
        lives = cls(
            features,
            np.asarray(unit, dtype=np.intp),
            np.asarray(price, dtype=np.float64),
            np.asarray(until_days, dtype=np.float64),
            np.asarray(sold, dtype=np.bool_),
        )
        n = len(features)
        for name in ("unit", "price", "until_days", "sold"):
            if getattr(lives, name).shape != (n,):
                message = f"{name} has shape {getattr(lives, name).shape}, the features describe {n} spells"
                raise ValueError(message)
        empty = np.flatnonzero(~(lives.until_days > features.age_days) | ~(lives.price > 0))
        if empty.size:
            row = int(empty[0])
            message = (
                f"spell {row} of unit {lives.unit[row]}: {features.age_days[row]} to {lives.until_days[row]} days"
                f" at {lives.price[row]}; it needs a day at least, and a price above 0"
            )
            raise ValueError(message)
        return lives

    @property
    def sales(self) -> int:
        """Count the sales."""
        return int(self.sold.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Strips:
    """Spells cut where the age spline or the month moves on: rows of a regression.

    ``design`` has shape (strips, coefficients); ``days`` are those at risk; ``sold`` tells that the last of
    them ended in a sale; ``unit`` is of the spell.
    """

    design: Floats
    days: Floats
    sold: NDArray[np.bool_]
    unit: NDArray[np.intp]

    def where(self, rows: NDArray[np.bool_]) -> Strips:
        """Keep some rows."""
        return Strips(self.design[rows], self.days[rows], self.sold[rows], self.unit[rows])


def strips_of(lives: Lives) -> Strips:
    """Cut lives into strips of a week at most, finer in the first two weeks; the month is that of the middle."""
    start, end = lives.features.age_days, lives.until_days
    first = np.searchsorted(_EDGES, start, side="right")
    last = np.searchsorted(_EDGES, end, side="left")
    counts = last - first + 1
    spell = np.repeat(np.arange(len(start)), counts)
    step = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    edges = np.append(_EDGES, np.inf)
    low = np.where(step == 0, start[spell], edges[first[spell] + step - 1])
    high = np.where(step == counts[spell] - 1, end[spell], edges[first[spell] + step])
    middle = (low + high + 1) / 2
    ahead = np.round(middle - start[spell]).astype("timedelta64[D]")
    month = month_of(lives.features.as_of[spell] + ahead)
    pace = pace_columns(lives.features, price_column(lives.price, lives.features.market_price))
    months = np.zeros((len(spell), len(MONTHS)))
    months[np.arange(len(spell)), month] = 1.0
    return Strips(
        design=np.concatenate([pace[spell], age_columns(middle), months], axis=1),
        days=high - low,
        sold=lives.sold[spell] & (step == counts[spell] - 1),
        unit=lives.unit[spell],
    )
