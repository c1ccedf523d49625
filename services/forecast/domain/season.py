"""The time of year, measured on all sister segments together since one alone is too sparse."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.calendar import MONTHS_PER_YEAR, WEEKS_PER_YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel

_ROUNDS = 3
_STEEPEST_GROWTH = 1.0
"""Sales a year may at most grow or fall by a factor e; more is a store that opened or closed."""


def season_index(panel: Panel, base: NDArray[np.float64], dispersion: float) -> NDArray[np.float64]:
    """Estimate twelve month indices with mean 1, January first, shrunk to ``base`` where data are thin.

    Each trailing whole year is compared with its own level and with the growth between years, lest
    growth be read as season; without a whole year the answer is ``base``. The shrinkage is empirical Bayes:
    with observed O and expected E units a month, between-month variance =
    max(0, sum((O-E)^2 - dispersion E) / sum(E^2)).
    """
    years = panel.sales.shape[1] // WEEKS_PER_YEAR
    if years == 0:
        return base
    span = years * WEEKS_PER_YEAR
    shape = (panel.sales.shape[0], years, WEEKS_PER_YEAR)
    sales = panel.sales[:, -span:].reshape(shape)
    exposure = panel.exposure[:, -span:].reshape(shape)
    year = np.arange(WEEKS_PER_YEAR) / WEEKS_PER_YEAR - 0.5
    exposure = exposure * np.exp(_growth(sales, exposure) * year)
    months = panel.months[-span:]
    observed = _by_month(months, sales.sum(axis=0).ravel())
    index = base
    for _ in range(_ROUNDS):
        level = _per_year_level(sales, exposure * index[months].reshape(years, WEEKS_PER_YEAR))
        weekly = (level[..., None] * exposure).sum(axis=0).ravel()
        index = _shrunk(observed, _by_month(months, weekly), base, dispersion)
    return index


def _by_month(months: NDArray[np.int64], weekly: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add weeks up by month, shape ``[12]``."""
    return np.bincount(months, weights=weekly, minlength=MONTHS_PER_YEAR).astype(np.float64)


def _per_year_level(sales: NDArray[np.float64], exposure: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give units per week on hand, for each series and year."""
    on_hand = exposure.sum(axis=2)
    level: NDArray[np.float64] = sales.sum(axis=2) / np.where(on_hand > 0, on_hand, 1.0)
    return level


def _growth(sales: NDArray[np.float64], exposure: NDArray[np.float64]) -> float:
    """Estimate log growth a year of all series together from whole years; 0 with only one."""
    on_hand, units = exposure.sum(axis=(0, 2)), sales.sum(axis=(0, 2))
    if on_hand.size == 1 or not (on_hand.all() and units.all()):
        return 0.0
    rate = units / on_hand
    growth: float = math.log(float(rate[-1]) / float(rate[0])) / (rate.size - 1)
    return min(max(growth, -_STEEPEST_GROWTH), _STEEPEST_GROWTH)


def _shrunk(
    observed: NDArray[np.float64], level: NDArray[np.float64], base: NDArray[np.float64], dispersion: float
) -> NDArray[np.float64]:
    """Move ``base`` towards observed over expected as far as the data carry; mean 1."""
    expected = level * base
    scale = float((expected**2).sum())
    if scale == 0:
        return base
    variance = max(0.0, float(((observed - expected) ** 2 - dispersion * expected).sum()) / scale)
    # weight = variance / (variance + sampling variance), written so that a month never seen stays at base
    weight = variance * expected / (variance * expected + dispersion)
    ratio = np.divide(observed, expected, out=np.ones(MONTHS_PER_YEAR), where=expected > 0)
    index = base * (1.0 + weight * (ratio - 1.0))
    bounded: NDArray[np.float64] = np.maximum(index / index.mean(), 0.05)
    return bounded
