"""Teunter, Syntetos and Babai: the chance of a sale and its size, each smoothed, for intermittent demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.distribution import NegativeBinomial, around
from services.forecast.domain.intermittent import tsb_rates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel
    from services.forecast.domain.strategy import Model

_LEAST_PERIODS = 20


@dataclass(frozen=True, slots=True)
class Tsb:
    """Smooth the chance of any demand in every period and its size where there is some, so that both can die."""

    name: str = "tsb"
    together: bool = True

    def eligible(self, panel: Panel) -> NDArray[np.bool_]:
        """Require twenty periods, with demand."""
        accepted: NDArray[np.bool_] = (panel.lengths >= _LEAST_PERIODS) & (panel.means > 0)
        return accepted

    def fit(self, panel: Panel, rows: NDArray[np.int64]) -> Model:
        """Smooth demand filled for stock-outs (Teunter, Syntetos and Babai 2011)."""
        chosen = panel.rows(rows)
        return _Rate(chosen, tsb_rates(chosen.demand, chosen.began))


@dataclass(frozen=True, slots=True, eq=False)
class _Rate:
    panel: Panel
    rates: NDArray[np.float64]

    def predict(self, horizon: int) -> NegativeBinomial:
        """Repeat chance times size."""
        mean = np.repeat(self.rates[:, -1:], horizon, axis=1)
        return around(mean, self.panel.demand, self.rates[:, :-1], self.panel.began)
