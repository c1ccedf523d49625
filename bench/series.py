"""Simulated weekly sales: the sparse series of most segments, and the dense ones that carry a curve."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.series import SegmentHistory

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST_WEEK = date(2024, 1, 1)
WEEKS = 104
_RATE_SHAPE, _MEAN_RATE = 1.2, 1.07
_OVERDISPERSED_SHARE, _EXCESS = 0.5, 0.6
_TREND_SHARE, _SHIFT_SHARE = 0.25, 0.15
_SEASON = 0.25
_DENSE_RATES = (4.0, 12.0)


def sparse_series(count: int, seed: int) -> list[SegmentHistory]:
    """Draw series of about one unit a week, Poisson or negative binomial; a quarter trends, 15 % shift."""
    rng = np.random.default_rng(seed)
    histories = []
    for number in range(count):
        rate = np.full(WEEKS, rng.gamma(_RATE_SHAPE, _MEAN_RATE / _RATE_SHAPE))
        kind = rng.random()
        if kind < _TREND_SHARE:
            rate *= np.linspace(1.0, rng.uniform(0.4, 2.0), WEEKS)
        elif kind < _TREND_SHARE + _SHIFT_SHARE:
            rate[int(rng.integers(WEEKS // 4, 3 * WEEKS // 4)) :] *= rng.uniform(0.4, 2.0)
        excess = _EXCESS if rng.random() < _OVERDISPERSED_SHARE else 0.0
        histories.append(_history(f"used/make{number % 20}/model{number}", rate, excess, rng))
    return histories


def dense_series(count: int, seed: int) -> list[SegmentHistory]:
    """Draw series of four to twelve units a week with a trend and a yearly season."""
    rng = np.random.default_rng(seed)
    weeks = np.arange(WEEKS)
    histories = []
    for number in range(count):
        season = 1.0 + _SEASON * np.sin(2 * np.pi * (weeks / 52.18 + rng.random()))
        rate = rng.uniform(*_DENSE_RATES) * season * np.linspace(1.0, rng.uniform(0.8, 1.4), WEEKS)
        histories.append(_history(f"new/make{number % 5}/model{number}", rate, _EXCESS, rng))
    return histories


def _history(segment: str, rate: NDArray[np.float64], excess: float, rng: np.random.Generator) -> SegmentHistory:
    """Draw sales around a rate; ``excess`` is variance over mean less one, 0 for Poisson."""
    drawn = rng.gamma(rate / excess, excess) if excess else rate
    return SegmentHistory(segment, FIRST_WEEK, rng.poisson(drawn).astype(np.float64), np.ones(WEEKS))
