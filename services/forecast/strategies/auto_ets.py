"""Exponential smoothing, its form chosen by information criterion (statsforecast)."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from services.forecast.domain.calendar import MONTHS_PER_YEAR, months_of
from services.forecast.domain.censoring import expected_demand
from services.forecast.domain.distribution import Predictive, around

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from services.forecast.domain.prior import RatePrior
    from services.forecast.domain.series import SegmentHistory
    from services.forecast.domain.strategy import Model

_LEAST_WEEKS = 52
_LEAST_MEAN = 0.5
_NON_SEASONAL_ADDITIVE_ERROR = "AZN"
"""Smoothing a 52-week season from two years is hopeless; the sisters' month index serves instead."""


@dataclass(frozen=True, slots=True)
class AutoEts:
    """Smooth level and trend of deseasonalised demand, with a negative binomial around the mean."""

    name: str = "auto_ets"

    def eligible(self, history: SegmentHistory) -> bool:
        """Require a year and a unit every other week: below that a level is all there is to learn."""
        return history.weeks >= _LEAST_WEEKS and history.mean >= _LEAST_MEAN

    def fit(self, history: SegmentHistory, prior: RatePrior | None) -> Model:
        """Fit to demand filled for stock-outs; a library's error passes through."""
        models = importlib.import_module("statsforecast.models")
        season = np.asarray(prior.season) if prior else np.ones(MONTHS_PER_YEAR)
        demand = expected_demand(history)
        index = season[months_of(history.first_week, history.weeks)]
        model = models.AutoETS(season_length=1, model=_NON_SEASONAL_ADDITIVE_ERROR).fit(demand / index)
        fitted = np.asarray(model.predict_in_sample()["fitted"], dtype=np.float64)
        return _Smoothed(model, season, history.end, demand, fitted * index)


@dataclass(frozen=True, slots=True, eq=False)
class _Smoothed:
    model: Any
    season: NDArray[np.float64]
    end: date
    demand: NDArray[np.float64]
    fitted: NDArray[np.float64]

    def predict(self, horizon: int) -> Predictive:
        """Extrapolate and put the season back."""
        level = np.asarray(self.model.predict(h=horizon)["mean"], dtype=np.float64)
        return around(level * self.season[months_of(self.end, horizon)], self.demand, self.fitted)
