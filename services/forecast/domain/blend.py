"""Forecasts combined by how well each did before, with intervals from the errors of the combination."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.calendar_learning import known_before
from services.forecast.domain.conformal import Stacked, measured
from services.forecast.domain.distribution import NegativeBinomial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.forecast.domain.distribution import Predictive
    from services.forecast.domain.panel import Panel
    from services.forecast.domain.strategy import Model, Strategy

ORIGINS = 24
STEPS = 3
_STRIDE = 2
_POWER = 4.0
_SISTERS_SHARE = 0.5
_COUNT_BELOW = 12.0
_PRIOR_PERIODS = 12.0
_LEAST_TRAINING = 8


@dataclass(frozen=True, slots=True, eq=False)
class Blended:
    """Candidates fitted to a panel, the weight of each by series, and the errors of their combination."""

    models: tuple[Model, ...]
    weights: NDArray[np.float64]
    forecasts: NDArray[np.float64]
    errors: NDArray[np.float64]
    whole: NDArray[np.bool_]
    few: NDArray[np.bool_]

    def predict(self, horizon: int) -> Predictive:
        """Combine means; counts below a dozen a period get a negative binomial, the rest measured errors."""
        paths = np.array([model.predict(horizon).mean for model in self.models])
        mean = np.einsum("ms,msh->sh", self.weights, paths)
        measurable = np.isfinite(self.errors).any(axis=(1, 2)) & ~self.few
        head = _count_head(mean[~measurable], self.forecasts[~measurable], self.errors[~measurable])
        if not measurable.any():
            return head
        wide = measured(mean[measurable], self.forecasts[measurable], self.errors[measurable], self.whole[measurable])
        return Stacked((head, wide), measurable)


def blend(panel: Panel, strategies: Sequence[Strategy], rows: NDArray[np.int64]) -> Blended:
    """Backtest candidates on rolling origins and weigh them by inverse error; for the series ``rows``.

    Errors are averaged over series and origins in units of each series' mean; a series' own ranking counts
    for a part, its sisters' for the rest, so that one lucky stretch moves little. Weights are proportional to
    error to the power -4 (Bates and Granger 1969 with squared errors use -2, which hardly tells them apart).
    The combination's own errors, of which its intervals are made, are of weights from the other origins, those
    that share a period with it left out too, and of a calendar's effect learned before it.
    """
    panel = panel.rows(rows)
    every = np.arange(panel.size)
    cuts = [
        cut
        for k in range(ORIGINS)
        if panel.periods - (cut := STEPS + _STRIDE * k) >= max(_LEAST_TRAINING, panel.periods // 3)
    ]
    paths = np.full((len(strategies), panel.size, len(cuts), STEPS), np.nan)
    actual = np.full((panel.size, len(cuts), STEPS), np.nan)
    for place, cut in enumerate(cuts):
        past = known_before(panel, cut)
        index = past.index_ahead(STEPS)
        known = past.lengths >= _LEAST_TRAINING
        begin = panel.periods - cut
        actual[:, place] = np.where(known[:, None], panel.values[:, begin : begin + STEPS], np.nan)
        for number, strategy in enumerate(strategies):
            paths[number, :, place] = strategy.fit(past, every).predict(STEPS).mean * index
    missed = np.where(np.isfinite(actual), np.abs(paths - actual), 0.0).sum(axis=3)
    seen = np.isfinite(actual).sum(axis=2)
    combined = np.empty_like(actual)
    for place in range(len(cuts)):
        apart = np.abs(np.arange(len(cuts)) - place) * _STRIDE >= STEPS
        held_out = _weights(missed[:, :, apart].sum(axis=2), seen[:, apart].sum(axis=1), panel)
        combined[:, place] = np.einsum("ms,msk->sk", held_out, paths[:, :, place])
    whole = (panel.values == np.round(panel.values)).all(axis=1)
    recent = panel.values[:, -panel.frequency.season_length :].mean(axis=1) if panel.periods else np.zeros(panel.size)
    return Blended(
        models=tuple(strategy.fit(panel, every) for strategy in strategies),
        weights=_weights(missed.sum(axis=2), seen.sum(axis=1), panel),
        forecasts=np.where(np.isfinite(actual), combined, np.nan),
        errors=actual - combined,
        whole=whole,
        few=whole & (recent < _COUNT_BELOW),
    )


def _weights(missed: NDArray[np.float64], seen: NDArray[np.int64], panel: Panel) -> NDArray[np.float64]:
    """Give each candidate's weight by series, ``[candidates, series]``; equal where nothing was measured.

    ``missed``: sums of absolute errors, ``[candidates, series]``, of ``seen`` periods each, ``[series]``.
    """
    count = missed.shape[0]
    own = missed / np.maximum(seen * np.maximum(panel.means, 1e-9), 1e-9)
    measured_rows = (seen > 0) & (panel.means > 0)
    pooled = own[:, measured_rows].mean(axis=1, keepdims=True) if measured_rows.any() else np.ones((count, 1))
    pooled = np.maximum(pooled, 1e-9)
    own = np.where(measured_rows, np.maximum(own, 1e-3 * pooled), pooled)
    logarithm = (1.0 - _SISTERS_SHARE) * np.log(own) + _SISTERS_SHARE * np.log(pooled)
    weight = np.exp(-_POWER * (logarithm - logarithm.min(axis=0)))
    normed: NDArray[np.float64] = weight / weight.sum(axis=0)
    return normed


def _count_head(
    mean: NDArray[np.float64], forecasts: NDArray[np.float64], errors: NDArray[np.float64]
) -> NegativeBinomial:
    """Put negative binomials around small counts, as dispersed as past errors were, shrunk to the sisters'."""
    seen = np.isfinite(errors)
    expected = np.where(seen, forecasts, 0.0).sum(axis=(1, 2))
    squared = np.where(seen, errors**2, 0.0).sum(axis=(1, 2))
    pooled = (squared.sum() + _PRIOR_PERIODS) / (expected.sum() + _PRIOR_PERIODS)
    dispersion = np.maximum(1.0, (squared + _PRIOR_PERIODS * pooled) / (expected + _PRIOR_PERIODS))
    return NegativeBinomial(np.maximum(mean, 0.0), np.repeat(dispersion[:, None], mean.shape[1], axis=1))
