"""Next week will be like the same week a year ago: the yardstick, and at times the best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.calendar import WEEKS_PER_YEAR
from services.forecast.domain.censoring import expected_demand
from services.forecast.domain.distribution import Predictive, around

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.forecast.domain.prior import RatePrior
    from services.forecast.domain.series import SegmentHistory
    from services.forecast.domain.strategy import Model

_LEAST_WEEKS = 68
"""A year before the earliest backtest origin, and four weeks to learn the spread from."""


@dataclass(frozen=True, slots=True)
class SeasonalNaive:
    """Repeat last year's weeks, with the spread of its past errors."""

    name: str = "seasonal_naive"

    def eligible(self, history: SegmentHistory) -> bool:
        """Require a year and a quarter with any sale at all."""
        return history.weeks >= _LEAST_WEEKS and history.mean > 0

    def fit(self, history: SegmentHistory, prior: RatePrior | None) -> Model:  # noqa: ARG002 - the protocol's
        """Remember demand; raises ValueError for a series of a year or less."""
        if history.weeks <= WEEKS_PER_YEAR:
            message = f"seasonal naive needs more than {WEEKS_PER_YEAR} weeks, got {history.weeks}"
            raise ValueError(message)
        return _LastYear(expected_demand(history))


@dataclass(frozen=True, slots=True, eq=False)
class _LastYear:
    demand: NDArray[np.float64]

    def predict(self, horizon: int) -> Predictive:
        """Take the weeks a year before; beyond a year, the same again."""
        ahead = np.arange(horizon) % WEEKS_PER_YEAR
        mean = self.demand[-WEEKS_PER_YEAR:][ahead]
        return around(mean, self.demand[WEEKS_PER_YEAR:], self.demand[:-WEEKS_PER_YEAR])
