"""Simulated weekly sales whose true distribution is known: sparse as most segments, and dense ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from services.forecast.domain.series import History

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FIRST_WEEK = date(2024, 1, 1)
WEEKS = 104
AHEAD = 4
_RATE_SHAPE, _MEAN_RATE = 1.2, 1.07
_OVERDISPERSED_SHARE, _EXCESS = 0.5, 0.6
_TREND_SHARE, _SHIFT_SHARE = 0.25, 0.15
_SEASON = 0.25
_DENSE_RATES = (4.0, 12.0)


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """A series with its truth: weekly ``rate`` and sales over WEEKS + AHEAD, ``excess`` variance over mean."""

    segment: str
    rate: NDArray[np.float64]
    excess: float
    sales: NDArray[np.float64]

    def history(self, weeks: int = WEEKS) -> History:
        """Give what is known after some weeks, all of them with stock."""
        return History(self.segment, FIRST_WEEK, self.sales[:weeks], np.ones(weeks))

    def oracle(self, weeks: int, levels: Sequence[float]) -> NDArray[np.float64]:
        """Give the true quantiles of the AHEAD weeks after some, ``[weeks, levels]``."""
        rate = self.rate[weeks : weeks + AHEAD, None]
        if not self.excess:
            return np.asarray(stats.poisson.ppf(levels, rate))
        return np.asarray(stats.nbinom.ppf(levels, rate / self.excess, 1.0 / (1.0 + self.excess)))


def sparse_series(count: int, seed: int) -> list[Simulated]:
    """Draw series of about one unit a week, Poisson or negative binomial; a quarter trends, 15 % shift."""
    rng = np.random.default_rng(seed)
    span = WEEKS + AHEAD
    drawn = []
    for number in range(count):
        rate = np.full(span, rng.gamma(_RATE_SHAPE, _MEAN_RATE / _RATE_SHAPE))
        kind = rng.random()
        if kind < _TREND_SHARE:
            rate *= np.linspace(1.0, rng.uniform(0.4, 2.0), span)
        elif kind < _TREND_SHARE + _SHIFT_SHARE:
            rate[int(rng.integers(span // 4, 3 * span // 4)) :] *= rng.uniform(0.4, 2.0)
        excess = _EXCESS if rng.random() < _OVERDISPERSED_SHARE else 0.0
        drawn.append(_simulated(f"used/make{number % 20}/model{number}", rate, excess, rng))
    return drawn


def dense_series(count: int, seed: int) -> list[Simulated]:
    """Draw series of four to twelve units a week with a trend and a yearly season."""
    rng = np.random.default_rng(seed)
    weeks = np.arange(WEEKS + AHEAD)
    drawn = []
    for number in range(count):
        season = 1.0 + _SEASON * np.sin(2 * np.pi * (weeks / 52.18 + rng.random()))
        rate = rng.uniform(*_DENSE_RATES) * season * np.linspace(1.0, rng.uniform(0.8, 1.4), weeks.size)
        drawn.append(_simulated(f"new/make{number % 5}/model{number}", rate, _EXCESS, rng))
    return drawn


def _simulated(segment: str, rate: NDArray[np.float64], excess: float, rng: np.random.Generator) -> Simulated:
    """Draw sales around a rate; ``excess`` is variance over mean less one, 0 for Poisson."""
    drawn = rng.gamma(rate / excess, excess) if excess else rate
    return Simulated(segment, rate, excess, rng.poisson(drawn).astype(np.float64))
