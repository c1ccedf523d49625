"""How good a forecast was: pinball for the distribution, MASE for the mean, coverage for its honesty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.distribution import LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_WEEKS_PER_YEAR = 52
_LOWER, _UPPER = LEVELS.index(0.10), LEVELS.index(0.90)


def pinball(actual: NDArray[np.float64], quantiles: NDArray[np.float64], levels: Sequence[float] = LEVELS) -> float:
    """Average the quantile loss over weeks and levels, in units a week; lower is better.

    ``actual`` has shape ``[weeks]``, ``quantiles`` ``[weeks, levels]``. Raises ValueError for other shapes or
    no weeks at all.
    """
    if not actual.size:
        message = "pinball needs at least one week to score"
        raise ValueError(message)
    return float(weekly_pinball(actual, quantiles, levels).mean())


def weekly_pinball(
    actual: NDArray[np.float64], quantiles: NDArray[np.float64], levels: Sequence[float] = LEVELS
) -> NDArray[np.float64]:
    """Average the quantile loss over levels, for each week; units, shape ``[weeks]``.

    The loss at level p is p(y-q) above the quantile and (1-p)(q-y) below (Koenker and Bassett 1978). Raises
    ValueError where ``quantiles`` is not ``[weeks, levels]``.
    """
    needed = (actual.size, len(levels))
    if quantiles.shape != needed:
        message = f"pinball needs quantiles of shape {needed}, not {quantiles.shape}"
        raise ValueError(message)
    above = actual[:, None] - quantiles
    probabilities = np.asarray(levels)
    losses: NDArray[np.float64] = np.maximum(probabilities * above, (probabilities - 1.0) * above).mean(axis=1)
    return losses


def mase_scale(in_sample: NDArray[np.float64], season: int = _WEEKS_PER_YEAR) -> float | None:
    """Give the mean absolute error of the seasonal naive method in sample, units a week.

    The plain naive method's where there is less than a season and a quarter; None where even that is 0
    (Hyndman and Koehler 2006).
    """
    lag = season if in_sample.size >= season + season // 4 else 1
    if in_sample.size <= lag:
        return None
    scale = float(np.abs(in_sample[lag:] - in_sample[:-lag]).mean())
    return scale or None


def mase(actual: NDArray[np.float64], mean: NDArray[np.float64], scale: float | None) -> float | None:
    """Divide the mean absolute error by ``scale`` from ``mase_scale``; None where there is none."""
    if scale is None or not actual.size:
        return None
    return float(np.abs(actual - mean).mean()) / scale


def coverage80(actual: NDArray[np.float64], quantiles: NDArray[np.float64]) -> float:
    """Give the share of weeks inside the .10 and .90 quantiles; for counts, honest is 0.8 or more.

    ``quantiles`` has the columns of LEVELS.
    """
    inside = (actual >= quantiles[:, _LOWER]) & (actual <= quantiles[:, _UPPER])
    return float(inside.mean())
