"""Rolling-origin backtest of many series at once: forecast the past from further back, compare with sales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.calendar_learning import known_before
from services.forecast.domain.distribution import NegativeBinomial
from services.forecast.domain.scores import mase_scale, weekly_pinball

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.forecast.domain.distribution import Predictive
    from services.forecast.domain.panel import Panel
    from services.forecast.domain.strategy import Strategy

LEAST_TRAINING = 8
_LOWER, _UPPER = 1, 5
_FURTHEST = 4.0
_CALIBRATION_PERIODS = 200.0
_CALIBRATION_BOUNDS = (0.85, 1.5)


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A strategy's forecasts at the origins and what they cost; ``[series, origins, horizon]``.

    ``losses`` is mean pinball over the levels, units; NaN in periods that are not scored. ``inside`` tells
    whether the 80 % interval held. ``score`` is the mean of a series' losses, ``[series]``, NaN without any.
    """

    mean: NDArray[np.float64]
    dispersion: NDArray[np.float64]
    losses: NDArray[np.float64]
    inside: NDArray[np.bool_]
    score: NDArray[np.float64]

    def __getitem__(self, place: int | NDArray[np.int64]) -> Trial:
        """Take one series, without its axis, or some."""
        return Trial(
            self.mean[place], self.dispersion[place], self.losses[place], self.inside[place], self.score[place]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """The rolling origins of a panel: what was known, and what then happened while on hand.

    ``actual``, ``exposure``, ``scored``: ``[series, origins, horizon]``; exposure is already times the
    calendar's effect. ``scale``: each series' seasonal naive error before the earliest origin, NaN if none.
    """

    known: tuple[Panel, ...]
    actual: NDArray[np.float64]
    exposure: NDArray[np.float64]
    scored: NDArray[np.bool_]
    scale: NDArray[np.float64]

    @classmethod
    def of(cls, panel: Panel, origins: int, step: int, horizon: int) -> Backtest:
        """Cut a panel ``step``, 2 ``step`` ... periods before its end; origins without any training fall away."""
        cuts = [cut for k in range(origins) if panel.periods - (cut := (k + 1) * step) >= LEAST_TRAINING]
        horizon = min(horizon, step)
        known = tuple(known_before(panel, cut) for cut in cuts)
        shape = (panel.size, len(cuts), horizon)
        actual, exposure, trained = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.bool_)
        for place, (cut, past) in enumerate(zip(cuts, known, strict=True)):
            weeks = slice(panel.periods - cut, panel.periods - cut + horizon)
            actual[:, place] = panel.values[:, weeks]
            exposure[:, place] = panel.exposure[:, weeks] * past.index_ahead(horizon)
            trained[:, place] = (past.lengths >= LEAST_TRAINING)[:, None]
        scale = np.full(panel.size, np.nan)
        if known:
            earliest = known[-1]
            for row, began in enumerate(earliest.began):
                found = mase_scale(earliest.values[row, began:], panel.frequency.season_length)
                scale[row] = np.nan if found is None else found
        return cls(known, actual, exposure, trained & (exposure > 0), scale)

    def run(self, strategy: Strategy, rows: NDArray[np.int64]) -> Trial:
        """Fit to some series at each origin and score them in the periods with something to sell."""
        horizon = self.actual.shape[2]
        parts = [
            strategy.fit(past, rows).predict(horizon).scaled(self.exposure[rows, place])
            for place, past in enumerate(self.known)
        ]
        return self.score(parts, rows)

    def score(self, parts: list[Predictive], rows: NDArray[np.int64]) -> Trial:
        """Score forecasts, already thinned by exposure, one for each origin."""
        mean = np.stack([part.mean for part in parts], axis=1)
        dispersion = np.stack([part.dispersion for part in parts], axis=1)
        quantiles = np.stack([part.quantiles() for part in parts], axis=1)
        actual, scored = self.actual[rows], self.scored[rows]
        flat = quantiles.reshape(-1, quantiles.shape[-1])
        losses = weekly_pinball(actual.ravel(), flat).reshape(actual.shape)
        inside = (actual >= quantiles[..., _LOWER]) & (actual <= quantiles[..., _UPPER])
        total, count = np.where(scored, losses, 0.0).sum(axis=(1, 2)), scored.sum(axis=(1, 2))
        score = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
        return Trial(mean, dispersion, np.where(scored, losses, np.nan), inside, score)

    def mase(self, trial: Trial, row: int) -> float | None:
        """Divide one series' absolute error by its scale; None where either is missing.

        ``trial`` is that series' own.
        """
        scored = self.scored[row]
        if not scored.any() or not np.isfinite(self.scale[row]):
            return None
        return float(np.abs(self.actual[row] - trial.mean)[scored].mean() / self.scale[row])

    def calibration(self, trial: Trial, rows: NDArray[np.int64]) -> float:
        """Compare squared errors with the variances that were forecast; the factor to widen variances by.

        1 is honest. Pearson's residuals, winsorised at four deviations, pooled over the series and shrunk
        to 1 as if 200 honest periods had been seen; between 0.85 and 1.5.
        """
        scored = self.scored[rows] & (trial.mean > 0)
        if not scored.any():
            return 1.0
        variance = (trial.mean * trial.dispersion)[scored]
        squared = np.minimum((self.actual[rows][scored] - trial.mean[scored]) ** 2 / variance, _FURTHEST**2)
        factor = (squared.sum() + _CALIBRATION_PERIODS) / (squared.size + _CALIBRATION_PERIODS)
        return float(np.clip(factor, *_CALIBRATION_BOUNDS))


def combined(trials: list[Trial], test: Backtest, rows: NDArray[np.int64]) -> tuple[Trial, NDArray[np.float64]]:
    """Combine strategies by inverse error: the combination's trial, and its weights ``[strategies, series]``.

    At each origin the weights come from the others, so that the combination is not flattered by having
    seen the answer. Weights are inverse squared pinball, as Bates and Granger's inverse squared errors.
    """
    losses = np.stack([np.where(test.scored[rows], trial.losses, 0.0).sum(axis=2) for trial in trials])
    total = losses.sum(axis=2, keepdims=True)
    weights = _inverse(total - losses) if losses.shape[2] > 1 else _inverse(np.ones_like(losses))
    parts: list[Predictive] = [
        mixed(
            [NegativeBinomial(trial.mean[:, place], np.maximum(trial.dispersion[:, place], 1.0)) for trial in trials],
            weights[:, :, place],
        )
        for place in range(losses.shape[2])
    ]
    return test.score(parts, rows), _inverse(total)[:, :, 0]


def mixed(parts: list[Predictive], weights: NDArray[np.float64]) -> NegativeBinomial:
    """Mix forecasts of the same periods, ``weights``: ``[strategies, series]``; their disagreement widens."""
    means = np.stack([part.mean for part in parts])
    spread = np.stack([part.dispersion for part in parts])
    mean = np.einsum("ms,msh->sh", weights, means)
    variance = np.einsum("ms,msh->sh", weights, means * spread + (means - mean) ** 2)
    ratio = np.divide(variance, mean, out=np.ones_like(mean), where=mean > 0)
    return NegativeBinomial(mean, np.maximum(ratio, 1.0))


def _inverse(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    least = np.maximum(losses, 1e-9) ** -2.0
    weights: NDArray[np.float64] = least / least.sum(axis=0)
    return weights
