"""The next season will be like the last: the yardstick, and at times the best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.distribution import NegativeBinomial, around

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel
    from services.forecast.domain.strategy import Model

_SPREAD_PERIODS = 4
_ORIGINS_PERIODS = 12
"""A season before the earliest backtest origin, and periods to learn the spread from."""


@dataclass(frozen=True, slots=True)
class SeasonalNaive:
    """Repeat the last season, with the spread of its past errors; the last period where none is complete."""

    name: str = "seasonal_naive"
    together: bool = True

    def eligible(self, panel: Panel) -> NDArray[np.bool_]:
        """Require a season and a quarter with any demand at all."""
        least = panel.frequency.season_length + _ORIGINS_PERIODS + _SPREAD_PERIODS
        accepted: NDArray[np.bool_] = (panel.lengths >= least) & (panel.means > 0)
        return accepted

    def fit(self, panel: Panel, rows: NDArray[np.int64]) -> Model:
        """Remember demand; raises ValueError for an empty panel."""
        if not panel.periods:
            message = "seasonal naive needs at least one period"
            raise ValueError(message)
        return _LastSeason(panel.rows(rows))


@dataclass(frozen=True, slots=True, eq=False)
class _LastSeason:
    panel: Panel

    def predict(self, horizon: int) -> NegativeBinomial:
        """Take the periods a season before; beyond a season, the same again."""
        demand, season = self.panel.demand, self.panel.frequency.season_length
        length = np.minimum(self.panel.lengths, self.panel.periods)
        lag = np.where(length >= season, season, 1)
        ahead = np.arange(horizon)
        place = self.panel.periods - lag[:, None] + ahead % lag[:, None]
        mean = np.take_along_axis(demand, place, axis=1)
        before = np.arange(self.panel.periods) - lag[:, None]
        fitted = np.take_along_axis(demand, np.maximum(before, 0), axis=1)
        return around(mean, demand, fitted, self.panel.began + lag)
