"""Season and trend by loess, the rest smoothed (statsforecast)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.forecast.strategies.library import dense, fit_series, models

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel
    from services.forecast.domain.strategy import Model

_LEAST_SEASONS = 2.5
_LEAST_A_WEEK = 4.0


@dataclass(frozen=True, slots=True)
class Mstl:
    """Decompose by loess and extrapolate trend by exponential smoothing (Bandara et al. 2021)."""

    name: str = "mstl"
    together: bool = False

    def eligible(self, panel: Panel) -> NDArray[np.bool_]:
        """Require enough seasons and, of weeks, enough units: below that the cheap methods know as much."""
        return dense(panel, int(_LEAST_SEASONS * panel.frequency.season_length), _LEAST_A_WEEK)

    def fit(self, panel: Panel, rows: NDArray[np.int64]) -> Model:
        """Fit to demand filled for stock-outs; a library's error passes through."""
        return fit_series(panel, rows, models().MSTL(season_length=panel.frequency.season_length), own_season=True)
