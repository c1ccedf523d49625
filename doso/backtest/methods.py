"""The methods that are compared: DOSO's own, and the libraries' with their defaults and own intervals."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from services.forecast.domain.dated import forecast_dated
from services.forecast.domain.distribution import LEVELS
from services.forecast.strategies import Blend, light_strategies
from services.forecast.strategies.prophet_curve import frame, library

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel

_SAMPLES = 1000
_SEED = 1
_INTERVALS = [50, 80, 90]


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """What a method says: ``mean`` is ``[series, horizon]``, ``quantiles`` at LEVELS ``[series, horizon, 7]``."""

    mean: NDArray[np.float64]
    quantiles: NDArray[np.float64]


def doso(panel: Panel, horizon: int) -> Forecasts:
    """Forecast as the product does: all series together, each with what suits it."""
    predictive = forecast_dated(panel, light_strategies(), Blend(), horizon)
    return Forecasts(predictive.mean, predictive.quantiles(LEVELS))


def seasonal_naive(panel: Panel, horizon: int) -> Forecasts:
    """Repeat the last season (statsforecast)."""
    return _one_by_one(panel, horizon, lambda models, season: models.SeasonalNaive(season_length=season))


def auto_ets(panel: Panel, horizon: int) -> Forecasts:
    """Choose an exponential smoothing by information criterion (statsforecast)."""
    return _one_by_one(panel, horizon, lambda models, season: models.AutoETS(season_length=season))


def auto_arima(panel: Panel, horizon: int) -> Forecasts:
    """Choose an ARIMA by information criterion (statsforecast)."""
    return _one_by_one(panel, horizon, lambda models, season: models.AutoARIMA(season_length=season))


def prophet(panel: Panel, horizon: int) -> Forecasts:
    """Fit Prophet with its defaults; quantiles of a thousand samples."""
    means, quantiles = [], []
    for row, began in enumerate(panel.began.tolist()):
        values = panel.values[row, began:]
        model = library().Prophet(uncertainty_samples=_SAMPLES)
        first = panel.frequency.shift(panel.first, began)
        model.fit(frame(panel.frequency, first, values.size, values), seed=_SEED)
        ahead = frame(panel.frequency, panel.end, horizon)
        means.append(model.predict(ahead)["yhat"].to_numpy(np.float64))
        np.random.seed(_SEED)  # noqa: NPY002 - Prophet samples from numpy's global generator
        quantiles.append(np.quantile(model.predictive_samples(ahead)["yhat"], LEVELS, axis=1).T)
    return Forecasts(np.array(means), np.array(quantiles))


METHODS: dict[str, Callable[[Panel, int], Forecasts]] = {
    "doso": doso,
    "seasonal_naive": seasonal_naive,
    "prophet": prophet,
    "auto_ets": auto_ets,
    "auto_arima": auto_arima,
}


def _one_by_one(panel: Panel, horizon: int, make: Callable[[Any, int], Any]) -> Forecasts:
    models = importlib.import_module("statsforecast.models")
    means, quantiles = [], []
    for row, began in enumerate(panel.began.tolist()):
        model = make(models, panel.frequency.season_length)
        found = model.fit(panel.values[row, began:]).predict(h=horizon, level=_INTERVALS)
        means.append(np.asarray(found["mean"], dtype=np.float64))
        quantiles.append(_quantiles(found))
    return Forecasts(np.array(means), np.array(quantiles))


def _quantiles(found: dict[str, Any]) -> NDArray[np.float64]:
    """Read the quantiles at LEVELS off central intervals of 50, 80 and 90 %."""
    columns = []
    for level in LEVELS:
        width = round(100 * abs(2 * level - 1))
        edge = "mean" if width == 0 else f"{'lo' if level < NormalDist().cdf(0) else 'hi'}-{width}"
        columns.append(np.asarray(found[edge], dtype=np.float64))
    return np.column_stack(columns)
