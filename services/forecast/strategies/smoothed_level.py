"""Simple exponential smoothing: tomorrow is like lately, whatever the season."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.distribution import NegativeBinomial, around
from services.forecast.domain.smoothing import Smoothed, smooth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel
    from services.forecast.domain.strategy import Model

_LEAST_PERIODS = 8


@dataclass(frozen=True, slots=True)
class SmoothedLevel:
    """Smooth the level of demand, without season or trend."""

    name: str = "ses"
    together: bool = True

    def eligible(self, panel: Panel) -> NDArray[np.bool_]:
        """Require eight periods, one of them with demand."""
        accepted: NDArray[np.bool_] = (panel.lengths >= _LEAST_PERIODS) & (panel.means > 0)
        return accepted

    def fit(self, panel: Panel, rows: NDArray[np.int64]) -> Model:
        """Smooth demand filled for stock-outs."""
        chosen = panel.rows(rows)
        return _Level(smooth(chosen.demand, chosen.began), chosen)


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    smoothed: Smoothed
    panel: Panel

    def predict(self, horizon: int) -> NegativeBinomial:
        """Repeat the level."""
        mean = np.repeat(self.smoothed.level[:, None], horizon, axis=1)
        return around(mean, self.panel.demand, self.smoothed.before, self.panel.began)
