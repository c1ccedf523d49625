"""Forecasts of any dated series: sparse counts by the rooftop's methods, all others by the blend."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.calendar_learning import learn_effect
from services.forecast.domain.choice import choose
from services.forecast.domain.conformal import Stacked
from services.forecast.domain.distribution import NegativeBinomial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.forecast.domain.distribution import Predictive
    from services.forecast.domain.panel import Panel
    from services.forecast.domain.strategy import Strategy

_SPARSE_MEAN = 4.0
_SPARSE_ZEROS = 0.3


def forecast_dated(panel: Panel, sparse: Sequence[Strategy], dense: Strategy, horizon: int) -> Predictive:
    """Forecast every series of a panel for ``horizon`` periods, ``[series, horizon]``.

    Counts below four a period or with zeros in three of ten get the one of the ``sparse`` strategies that
    earned it, the rest the ``dense`` one; the calendar's effect is learned from all together. Raises
    NoForecastError where no strategy works.
    """
    panel = replace(panel, effect=learn_effect(panel))
    index = panel.index_ahead(horizon)
    few = sparse_series(panel)
    parts: list[Predictive] = []
    if few.any():
        step = min(horizon, max(1, panel.periods // 8))
        choices = choose(panel, sparse, np.flatnonzero(few).tolist(), step=step, horizon=step, ahead=horizon)
        found = [choice.predictive for choice in choices]
        parts.append(
            NegativeBinomial(*(np.stack([getattr(each, name) for each in found]) for name in ("mean", "dispersion")))
        )
    if not few.all():
        parts.append(dense.fit(panel, np.flatnonzero(~few)).predict(horizon).scaled(index))
    return parts[0] if len(parts) == 1 else Stacked((parts[0], parts[1]), ~few)


def sparse_series(panel: Panel) -> NDArray[np.bool_]:
    """Tell which series are small counts lately, over the last two seasons at most; ``[series]``."""
    recent = panel.values[:, -2 * max(panel.frequency.season_length, 12) :]
    lasting = np.arange(panel.periods)[-recent.shape[1] :] >= panel.began[:, None] if recent.shape[1] else recent > 0
    count = np.maximum(lasting.sum(axis=1), 1)
    whole = (panel.values == np.round(panel.values)).all(axis=1)
    zeros = ((recent == 0) & lasting).sum(axis=1) / count
    sparse: NDArray[np.bool_] = whole & ((recent.sum(axis=1) / count < _SPARSE_MEAN) | (zeros > _SPARSE_ZEROS))
    return sparse
