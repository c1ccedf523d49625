"""Prophet's trend and yearly curve, for the few series dense enough to carry one."""

from __future__ import annotations

import importlib
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from services.forecast.domain.censoring import expected_demand
from services.forecast.domain.distribution import Predictive, around

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from services.forecast.domain.prior import RatePrior
    from services.forecast.domain.series import SegmentHistory
    from services.forecast.domain.strategy import Model

_LEAST_WEEKS = 60
_LEAST_MEAN = 2.0
_YEARLY_FOURIER_ORDER = 4
"""Ten, the library's default, follows the noise of a single year."""
_SEED = 1
"""Equal input must give an equal forecast, or unchanged stock would bring changed advice."""


@dataclass(frozen=True, slots=True)
class ProphetCurve:
    """Fit a piecewise trend and a yearly curve, with a negative binomial around the mean."""

    name: str = "prophet"

    def eligible(self, history: SegmentHistory) -> bool:
        """Require 60 weeks and two units a week: a fit costs a thousand times the hierarchy's."""
        return history.weeks >= _LEAST_WEEKS and history.mean >= _LEAST_MEAN

    def fit(self, history: SegmentHistory, prior: RatePrior | None) -> Model:  # noqa: ARG002 - the protocol's
        """Fit to demand filled for stock-outs; a library's error passes through."""
        demand = expected_demand(history)
        model = _library().Prophet(
            yearly_seasonality=_YEARLY_FOURIER_ORDER,
            weekly_seasonality=False,
            daily_seasonality=False,
            uncertainty_samples=0,
        )
        model.fit(_frame(history.first_week, history.weeks, demand), seed=_SEED)
        fitted = model.predict(_frame(history.first_week, history.weeks))["yhat"].to_numpy(np.float64)
        return _Curve(model, history.end, demand, fitted)


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    model: Any
    end: date
    demand: NDArray[np.float64]
    fitted: NDArray[np.float64]

    def predict(self, horizon: int) -> Predictive:
        """Extrapolate the curve."""
        mean = self.model.predict(_frame(self.end, horizon))["yhat"].to_numpy(np.float64)
        return around(mean, self.demand, self.fitted)


def _library() -> Any:
    """Import Prophet when first needed, quietly.

    It warns of missing plotting, reports each fit, and doubts yearly curves on less than 730 days, which is
    for the backtest to judge. Stan's logger is set to DEBUG at its first fit, so a filter must do.
    """
    logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)
    library = importlib.import_module("prophet")
    logging.getLogger("prophet").setLevel(logging.ERROR)
    logging.getLogger("cmdstanpy").addFilter(_worth_reading)
    return library


def _worth_reading(record: logging.LogRecord) -> bool:
    """Let Stan's warnings and errors through."""
    return record.levelno >= logging.WARNING


def _frame(first: date, weeks: int, demand: NDArray[np.float64] | None = None) -> Any:
    """Lay out weeks as Prophet wants them."""
    pandas = importlib.import_module("pandas")
    columns: dict[str, Any] = {"ds": pandas.to_datetime([first + timedelta(weeks=k) for k in range(weeks)])}
    if demand is not None:
        columns["y"] = demand
    return pandas.DataFrame(columns)
