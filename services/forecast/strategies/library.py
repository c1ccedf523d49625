"""What the strategies built on statsforecast share: one series at a time, its season handled once."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from services.forecast.domain.decomposition import ratio_indices
from services.forecast.domain.distribution import NegativeBinomial, around
from services.forecast.domain.frequency import Frequency

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel

_DENSE_WEEK = 4.0


def models() -> Any:
    """Import the library when first needed: it compiles, and most series never call for it."""
    return importlib.import_module("statsforecast.models")


def dense(panel: Panel, periods: int, mean: float = _DENSE_WEEK) -> NDArray[np.bool_]:
    """Tell which series have that many periods and, of weeks, that much demand on average, ``[series]``."""
    least = mean if panel.frequency is Frequency.WEEK else 0.0
    accepted: NDArray[np.bool_] = (panel.lengths >= periods) & (panel.means >= least) & (panel.means > 0)
    return accepted


def library_season(panel: Panel) -> int:
    """Give the season the library is to look for: none in weeks, where the sisters' months serve instead.

    Smoothing a 52-week season from two years is hopeless.
    """
    return 1 if panel.frequency is Frequency.WEEK else panel.frequency.season_length


@dataclass(frozen=True, slots=True, eq=False)
class FittedSeries:
    """A library's model for each series, and the indices to put back; ``fitted`` is in sample."""

    panel: Panel
    models: tuple[Any, ...]
    indices: NDArray[np.float64]
    fitted: NDArray[np.float64]

    def predict(self, horizon: int) -> NegativeBinomial:
        """Extrapolate and put the season back."""
        paths = np.array([model.predict(h=horizon)["mean"] for model in self.models], dtype=np.float64)
        mean = np.nan_to_num(paths) * self.indices[:, self.panel.phases_ahead(horizon)]
        return around(mean, self.panel.demand, self.fitted, self.panel.began)


def fit_series(
    panel: Panel, rows: NDArray[np.int64], model: Any, *, own_season: bool = False, in_sample: bool = True
) -> FittedSeries:
    """Fit a fresh copy of a library's model to each series; its errors pass through.

    ``own_season``: the model finds weekly seasons itself, so that none is taken out before. ``in_sample``: it
    says cheaply what it would have forecast; the spread is that around the average where it does not.
    """
    chosen = panel.rows(rows)
    outside = panel.frequency is Frequency.WEEK and not own_season
    indices = ratio_indices(panel)[rows] if outside else np.ones((chosen.size, panel.frequency.phases))
    level = chosen.demand / indices[:, chosen.phases]
    fitted = np.zeros_like(level)
    made = []
    for row, began in enumerate(chosen.began.tolist()):
        each = model.new().fit(level[row, began:])
        made.append(each)
        average = np.full(level.shape[1] - began, level[row, began:].mean())
        known = np.asarray(each.predict_in_sample()["fitted"] if in_sample else average, dtype=np.float64)
        fitted[row, began:] = np.where(np.isfinite(known), known, level[row, began:])
    return FittedSeries(chosen, tuple(made), indices, fitted * indices[:, chosen.phases])
