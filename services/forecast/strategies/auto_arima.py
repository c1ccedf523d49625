"""ARIMA, its orders chosen by information criterion (statsforecast)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.forecast.strategies.library import dense, fit_series, library_season, models

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel
    from services.forecast.domain.strategy import Model

_LEAST_SEASONS = 2
_LEAST_A_WEEK = 10.0


@dataclass(frozen=True, slots=True)
class AutoArima:
    """Model what demand owes to its own past and its past errors (Hyndman and Khandakar 2008)."""

    name: str = "auto_arima"
    together: bool = False

    def eligible(self, panel: Panel) -> NDArray[np.bool_]:
        """Require enough seasons and, of weeks, enough units: below that the cheap methods know as much."""
        return dense(panel, int(_LEAST_SEASONS * panel.frequency.season_length), _LEAST_A_WEEK)

    def fit(self, panel: Panel, rows: NDArray[np.int64]) -> Model:
        """Fit to demand filled for stock-outs; a library's error passes through."""
        return fit_series(panel, rows, models().AutoARIMA(season_length=library_season(panel)))
