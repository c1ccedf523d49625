"""Exponential smoothing of square roots, in which small months and large ones are equally noisy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.decomposition import root_indices, squared
from services.forecast.domain.distribution import NegativeBinomial, around
from services.forecast.domain.smoothing import Smoothed, smooth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel
    from services.forecast.domain.strategy import Model

_LEAST_SEASONS = 2


@dataclass(frozen=True, slots=True)
class SmoothedRoot:
    """Smooth roots of demand less their own season."""

    name: str = "root_ses"
    together: bool = True

    def eligible(self, panel: Panel) -> NDArray[np.bool_]:
        """Require two seasons."""
        long = panel.lengths >= _LEAST_SEASONS * panel.frequency.season_length
        accepted: NDArray[np.bool_] = long & (panel.means > 0)
        return accepted

    def fit(self, panel: Panel, rows: NDArray[np.int64]) -> Model:
        """Learn the additive season of the roots, each series its own, and their level."""
        chosen = panel.rows(rows)
        roots, indices = root_indices(chosen)
        return _Root(chosen, smooth(roots - indices[:, chosen.phases], chosen.began), indices)


@dataclass(frozen=True, slots=True, eq=False)
class _Root:
    panel: Panel
    smoothed: Smoothed
    indices: NDArray[np.float64]

    def predict(self, horizon: int) -> NegativeBinomial:
        """Square the roots again."""
        mean = squared(self.smoothed.level[:, None] + self.indices[:, self.panel.phases_ahead(horizon)])
        fitted = squared(self.smoothed.before + self.indices[:, self.panel.phases])
        return around(mean, self.panel.demand, fitted, self.panel.began)
