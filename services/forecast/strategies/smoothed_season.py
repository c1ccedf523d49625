"""Exponential smoothing of deseasonalised demand, with seasonal indices borrowed from the sisters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.decomposition import ratio_indices
from services.forecast.domain.distribution import NegativeBinomial, around
from services.forecast.domain.smoothing import Smoothed, smooth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel
    from services.forecast.domain.strategy import Model

_LEAST_SEASONS = 2
_TREND_SEASONS = 5


@dataclass(frozen=True, slots=True)
class SmoothedSeason:
    """Multiply a smoothed level by its season; ``drift`` adds that share of the long trend, as Theta does."""

    name: str = "seasonal_ses"
    drift: float = 0.0
    together: bool = True

    def eligible(self, panel: Panel) -> NDArray[np.bool_]:
        """Require two seasons, since the second tells season from chance."""
        long = panel.lengths >= _LEAST_SEASONS * panel.frequency.season_length
        accepted: NDArray[np.bool_] = long & (panel.means > 0)
        return accepted

    def fit(self, panel: Panel, rows: NDArray[np.int64]) -> Model:
        """Learn the season from all sisters, then level and drift (Assimakopoulos and Nikolopoulos 2000)."""
        chosen = panel.rows(rows)
        indices = ratio_indices(panel)[rows]
        level = chosen.demand / indices[:, chosen.phases]
        smoothed = smooth(level, chosen.began)
        slope = self.drift * _slope(level, chosen) if self.drift else np.zeros(chosen.size)
        return _Seasonal(chosen, smoothed, indices, slope)


@dataclass(frozen=True, slots=True, eq=False)
class _Seasonal:
    panel: Panel
    smoothed: Smoothed
    indices: NDArray[np.float64]
    slope: NDArray[np.float64]

    def predict(self, horizon: int) -> NegativeBinomial:
        """Extrapolate from the level, which trails a trend by (1 - constant) / constant periods."""
        trailing = (1.0 - self.smoothed.constant) / self.smoothed.constant
        distance = np.minimum(trailing, self.panel.lengths)[:, None] + np.arange(1, horizon + 1)
        level = np.maximum(self.smoothed.level[:, None] + self.slope[:, None] * distance, 0.0)
        mean = level * self.indices[:, self.panel.phases_ahead(horizon)]
        fitted = self.smoothed.before * self.indices[:, self.panel.phases]
        return around(mean, self.panel.demand, fitted, self.panel.began)


def _slope(level: NDArray[np.float64], panel: Panel) -> NDArray[np.float64]:
    """Fit a straight line to the last five seasons of each series; units a period."""
    count = min(panel.periods, max(_TREND_SEASONS * panel.frequency.season_length, 2))
    begin = panel.periods - count
    lasting = (np.arange(begin, panel.periods) >= panel.began[:, None]).astype(np.float64)
    time = np.arange(count) * lasting
    total = np.maximum(lasting.sum(axis=1, keepdims=True), 1.0)
    centred = (np.arange(count) - time.sum(axis=1, keepdims=True) / total) * lasting
    square = (centred**2).sum(axis=1)
    slope: NDArray[np.float64] = np.divide(
        (centred * level[:, begin:]).sum(axis=1), square, out=np.zeros(panel.size), where=square > 0
    )
    return slope
