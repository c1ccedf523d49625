"""Exponential smoothing of many series at once, each with the constant that forecast its own past best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONSTANTS = np.array([0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
_SISTERS_SHARE = 0.5
"""How much of the evidence for a constant is the sisters': one series' errors rank constants badly."""
_FIRST_PERIODS = 6
_LEARNING_PERIODS = 12
_STEPS_AHEAD = 3


@dataclass(frozen=True, slots=True, eq=False)
class Smoothed:
    """Levels at the end, constants chosen, and the level before each period; ``[series]``, ``[series, periods]``."""

    level: NDArray[np.float64]
    constant: NDArray[np.float64]
    before: NDArray[np.float64]


def smooth(
    series: NDArray[np.float64], began: NDArray[np.int64], constants: NDArray[np.float64] = CONSTANTS
) -> Smoothed:
    """Smooth each series with the constant of least squared error one to three steps ahead.

    ``series``: ``[series, periods]``, at least one period; ``began``: index of each one's first period. The
    ranking of constants is half the series' own and half its sisters'.
    """
    count, periods = series.shape
    levels = _levels(series, began, constants)
    learning = np.minimum(_LEARNING_PERIODS, (periods - began) // 4)
    scored = np.arange(periods) >= (began + np.maximum(learning, 1))[:, None]
    error = np.zeros((constants.size, count))
    for steps in range(1, min(_STEPS_AHEAD, periods - 1) + 1):
        missed = series[:, steps:] - levels[:, :, 1 : periods - steps + 1]
        error += np.einsum("ast,ast,st->as", missed, missed, scored[:, steps:].astype(np.float64))
    least = error.min(axis=0)
    rank = np.log(np.where(least > 0, error / np.where(least > 0, least, 1.0), 1.0))
    rank = (1.0 - _SISTERS_SHARE) * rank + _SISTERS_SHARE * rank.mean(axis=1, keepdims=True)
    best = rank.argmin(axis=0)
    chosen = levels[best, np.arange(count)]
    return Smoothed(chosen[:, -1], constants[best], chosen[:, :-1])


def _levels(
    series: NDArray[np.float64], began: NDArray[np.int64], constants: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Tabulate the level before the first and after each period, ``[constants, series, periods + 1]``."""
    count, periods = series.shape
    first = np.minimum(began[:, None] + np.arange(min(_FIRST_PERIODS, periods)), periods - 1)
    levels = np.empty((constants.size, count, periods + 1))
    level = np.repeat(series[np.arange(count)[:, None], first].mean(axis=1)[None], constants.size, axis=0)
    levels[:, :, 0] = level
    step = constants[:, None] * (np.arange(periods) >= began[:, None]).T[:, None, :]
    for period in range(periods):
        level = level + step[period] * (series[:, period] - level)
        levels[:, :, period + 1] = level
    return levels
