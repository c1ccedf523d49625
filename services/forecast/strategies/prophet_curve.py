"""Prophet's trend and yearly curve, for the few series dense enough to carry one."""

from __future__ import annotations

import importlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from services.forecast.domain.distribution import NegativeBinomial, around
from services.forecast.domain.frequency import Frequency
from services.forecast.strategies.library import dense

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel
    from services.forecast.domain.strategy import Model

_LEAST_SEASONS = 1.2
_LEAST_A_WEEK = 10.0
_YEARLY_FOURIER_ORDER = 4
"""Ten, the library's default, follows the noise of a single year."""
_SEED = 1
"""Equal input must give an equal forecast, or unchanged stock would bring changed advice."""


@dataclass(frozen=True, slots=True)
class ProphetCurve:
    """Fit a piecewise trend and a yearly curve, with a negative binomial around the mean."""

    name: str = "prophet"
    together: bool = False

    def eligible(self, panel: Panel) -> NDArray[np.bool_]:
        """Require over a year and ten units a week: a fit costs ten thousand times the hierarchy's."""
        return dense(panel, int(_LEAST_SEASONS * panel.frequency.season_length), _LEAST_A_WEEK)

    def fit(self, panel: Panel, rows: NDArray[np.int64]) -> Model:
        """Fit to demand filled for stock-outs; a library's error passes through."""
        chosen = panel.rows(rows)
        fitted = np.zeros_like(chosen.demand)
        models = []
        for row, began in enumerate(chosen.began.tolist()):
            model = library().Prophet(
                yearly_seasonality=_YEARLY_FOURIER_ORDER,
                weekly_seasonality=panel.frequency is Frequency.DAY,
                daily_seasonality=False,
                uncertainty_samples=0,
            )
            first = panel.frequency.shift(panel.first, began)
            demand = chosen.demand[row, began:]
            model.fit(frame(panel.frequency, first, demand.size, demand), seed=_SEED)
            known = model.predict(frame(panel.frequency, first, demand.size))
            fitted[row, began:] = known["yhat"].to_numpy(np.float64)
            models.append(model)
        return _Curves(chosen, tuple(models), fitted)


@dataclass(frozen=True, slots=True, eq=False)
class _Curves:
    panel: Panel
    models: tuple[Any, ...]
    fitted: NDArray[np.float64]

    def predict(self, horizon: int) -> NegativeBinomial:
        """Extrapolate the curves."""
        ahead = frame(self.panel.frequency, self.panel.end, horizon)
        mean = np.array([model.predict(ahead)["yhat"].to_numpy(np.float64) for model in self.models])
        return around(mean, self.panel.demand, self.fitted, self.panel.began)


def library() -> Any:
    """Import Prophet when first needed, quietly.

    It warns of missing plotting, reports each fit, and doubts yearly curves on less than 730 days, which is
    for the backtest to judge. Stan's logger is set to DEBUG at its first fit, so a filter must do.
    """
    logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)
    module = importlib.import_module("prophet")
    logging.getLogger("prophet").setLevel(logging.ERROR)
    logging.getLogger("cmdstanpy").addFilter(_worth_reading)
    return module


def _worth_reading(record: logging.LogRecord) -> bool:
    """Let Stan's warnings and errors through."""
    return record.levelno >= logging.WARNING


def frame(frequency: Frequency, first: date, count: int, demand: NDArray[np.float64] | None = None) -> Any:
    """Lay out periods as Prophet wants them."""
    pandas = importlib.import_module("pandas")
    columns: dict[str, Any] = {"ds": pandas.to_datetime([frequency.shift(first, k) for k in range(count)])}
    if demand is not None:
        columns["y"] = demand
    return pandas.DataFrame(columns)
