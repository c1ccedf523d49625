"""Lives of units as unit-weeks: where each stood, how old, at which price over the market's, and whether it sold."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Numbers = NDArray[np.intp]

_WEEK: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A unit's watched stay on a shelf, from ``began`` until ``ended``, the day of its sale included.

    ``prices`` are the asking prices with the day from which each held, in order; ``market_price`` is what the
    market asks for it, in the same currency.
    """

    vehicle_key: str
    shelf: tuple[str, str]
    came: date
    began: date
    ended: date
    sold: bool
    market_price: float
    prices: Sequence[tuple[date, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Spells:
    """Unit-weeks as columns of shape (spells,); ``week`` counts from the first.

    ``shelf`` numbers ``shelves`` and ``unit`` numbers ``units``, their vehicle keys; ``unwatched`` are the days for
    which each of those had stood in the group before it was watched here, shape (units,).
    """

    shelves: tuple[tuple[str, str], ...]
    units: tuple[str, ...]
    shelf: Numbers
    unit: Numbers
    week: Numbers
    days: Floats
    price_to_market: Floats
    age: Floats
    sold: NDArray[np.bool_]
    unwatched: Floats

    @property
    def weeks(self) -> int:
        """Count the weeks from the first to the last."""
        return int(self.week.max()) + 1 if self.week.size else 0


def spells_of(stands: Iterable[Stand], first: date) -> Spells:
    """Cut stays where a week since ``first`` ends or the price moves.

    A unit that is sold has its last day counted, so that one sold on the day it came was there for a day.
    """
    number: dict[tuple[str, str], int] = {}
    units: dict[str, int] = {}
    unwatched: dict[str, int] = {}
    rows: list[tuple[int, int, int, float, float, float, bool]] = []
    for stand in stands:
        shelf = number.setdefault(stand.shelf, len(number))
        unit = units.setdefault(stand.vehicle_key, len(units))
        unwatched.setdefault(stand.vehicle_key, max(0, (stand.began - stand.came).days))
        moved = [(day - first).days for day, _ in stand.prices]
        came = (stand.came - first).days
        start, end = (stand.began - first).days, (stand.ended - first).days + stand.sold
        inside = {day for day in moved if start < day < end}
        edges = sorted({start, end, *inside, *range((start // _WEEK + 1) * _WEEK, end, _WEEK)})
        for low, high in pairwise(edges):
            price = stand.prices[max(0, bisect_right(moved, low) - 1)][1]
            ended = stand.sold and high == end
            middle = (low + high) / 2 - came
            rows.append((shelf, unit, low // _WEEK, high - low, price / stand.market_price, middle, ended))
    table = np.array(rows, dtype=np.float64).reshape(-1, 7)
    return Spells(
        shelves=tuple(number),
        units=tuple(units),
        shelf=table[:, 0].astype(np.intp),
        unit=table[:, 1].astype(np.intp),
        week=table[:, 2].astype(np.intp),
        days=table[:, 3],
        price_to_market=table[:, 4],
        age=table[:, 5],
        sold=table[:, 6].astype(np.bool_),
        unwatched=np.array(list(unwatched.values()), dtype=np.float64),
    )
