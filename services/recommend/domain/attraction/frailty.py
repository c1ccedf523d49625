"""Units of a shelf are unlike in what no feed shows, which is learned of each from how long it stood.

Each unit's pull is its shelf's times a factor of its own. The factors are gamma with mean 1 (Vaupel, Manton and
Stallard, Demography 16, 1979), so that of a unit which so many sales were expected of it is

    (shape + sold) / (shape + expected)

What stood among many shoppers at a good price and is still there is a poor one, whatever its age; what stood where
nobody came is as good as any. Without this the age of a unit, and a price that the market's estimate misses, would be
blamed for what the unit itself is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.recommend.domain.attraction.spells import Spells

    Floats = NDArray[np.float64]

SHAPE: Final = 3.0
"""Of the gamma: one unit in five pulls less than half as much as the usual one, one in five half as much again."""
_LEAST_RATE: Final = 1e-6


def qualities(spells: Spells, sold: Floats, expected: Floats) -> Floats:
    """Give each unit's factor, shape (units,), from sales and those expected of it by spell, both (spells,).

    Expected are the sales of a usual unit in its place.
    """
    sales, usual = _by_unit(spells, sold), _by_unit(spells, expected)
    return (SHAPE + sales) / (SHAPE + usual)


def log_likelihood(spells: Spells, sold: Floats, expected: Floats, recent: Floats) -> float:
    """Give the log likelihood of the sales with the factors integrated out; arguments as for :func:`qualities`.

    ``recent`` is how much each spell counts, shape (spells,): a unit counts as its newest does.
    """
    sales, usual = _by_unit(spells, sold), _by_unit(spells, expected)
    newest = np.zeros(sales.size)
    np.maximum.at(newest, spells.unit, recent)
    told = recent * sold * np.log(np.maximum(expected / spells.days, _LEAST_RATE))
    return float(told.sum() - (newest * (SHAPE + sales) * np.log1p(usual / SHAPE)).sum())


def standing(spells: Spells, expected: Floats) -> dict[str, float]:
    """Give the factors of those units that nobody bought, by vehicle key; of a sold one it is of no further use.

    A unit outlived the days too for which it had stood in the group before it was watched here: as many sales a day
    are taken to have been expected of it then as since.
    """
    sales = _by_unit(spells, spells.sold.astype(np.float64))
    usual, days = _by_unit(spells, expected), _by_unit(spells, spells.days)
    factors = SHAPE / (SHAPE + usual * (1 + spells.unwatched / days))
    pairs = zip(spells.units, factors.tolist(), sales, strict=True)
    return {vehicle_key: factor for vehicle_key, factor, sold in pairs if not sold}


def _by_unit(spells: Spells, figures: Floats) -> Floats:
    return np.bincount(spells.unit, figures, len(spells.units)).astype(np.float64)
