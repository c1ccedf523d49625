"""Croston with the correction of Syntetos and Boylan: sizes and gaps between sales, for intermittent demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.distribution import NegativeBinomial, around
from services.forecast.domain.intermittent import croston_rates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel
    from services.forecast.domain.strategy import Model

_LEAST_PERIODS = 20


@dataclass(frozen=True, slots=True)
class CrostonSba:
    """Smooth sizes and gaps of demand, each time there is some; it never fades without it."""

    name: str = "croston_sba"
    together: bool = True

    def eligible(self, panel: Panel) -> NDArray[np.bool_]:
        """Require twenty periods, with demand."""
        accepted: NDArray[np.bool_] = (panel.lengths >= _LEAST_PERIODS) & (panel.means > 0)
        return accepted

    def fit(self, panel: Panel, rows: NDArray[np.int64]) -> Model:
        """Smooth demand filled for stock-outs (Syntetos and Boylan 2005)."""
        chosen = panel.rows(rows)
        return _Rate(chosen, croston_rates(chosen.demand, chosen.began))


@dataclass(frozen=True, slots=True, eq=False)
class _Rate:
    panel: Panel
    rates: NDArray[np.float64]

    def predict(self, horizon: int) -> NegativeBinomial:
        """Repeat size over gap."""
        mean = np.repeat(self.rates[:, -1:], horizon, axis=1)
        return around(mean, self.panel.demand, self.rates[:, :-1], self.panel.began)
