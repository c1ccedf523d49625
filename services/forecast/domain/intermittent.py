"""Demand that comes now and then, many series at once: Croston's sizes and gaps, and TSB's chances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SMOOTHING = 0.1
"""Usual for intermittent demand; sparse series cannot tell a better constant of their own."""


def tsb_rates(demand: NDArray[np.float64], began: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the rate before the first and after each period, units a period, ``[series, periods + 1]``.

    Chance of demand and its size are smoothed apart; the chance in every period, so that a rate fades when
    nobody comes. Both start at their averages. ``demand``: ``[series, periods]`` from ``began``.
    """
    lasting = np.arange(demand.shape[1]) >= began[:, None]
    chance, size = _starts(demand, lasting)
    rates = np.empty((demand.shape[0], demand.shape[1] + 1))
    rates[:, 0] = chance * size
    for period in range(demand.shape[1]):
        now, came = demand[:, period], demand[:, period] > 0
        chance = np.where(lasting[:, period], chance + _SMOOTHING * (came - chance), chance)
        size = np.where(came, size + _SMOOTHING * (now - size), size)
        rates[:, period + 1] = chance * size
    return rates


def croston_rates(demand: NDArray[np.float64], began: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the rate before the first and after each period, as ``tsb_rates`` does.

    Sizes and gaps move only when there is demand; size over gap is biased upwards, hence the factor
    1 - constant / 2 (Syntetos and Boylan 2005).
    """
    lasting = np.arange(demand.shape[1]) >= began[:, None]
    chance, size = _starts(demand, lasting)
    gap = 1.0 / np.maximum(chance, 1.0 / max(demand.shape[1], 1))
    waited = np.ones(demand.shape[0])
    rates = np.empty((demand.shape[0], demand.shape[1] + 1))
    rates[:, 0] = size / gap
    for period in range(demand.shape[1]):
        now, came = demand[:, period], demand[:, period] > 0
        gap = np.where(came, gap + _SMOOTHING * (waited - gap), gap)
        size = np.where(came, size + _SMOOTHING * (now - size), size)
        waited = np.where(came | ~lasting[:, period], 1.0, waited + 1.0)
        rates[:, period + 1] = size / gap
    return rates * (1.0 - _SMOOTHING / 2.0)


def _starts(
    demand: NDArray[np.float64], lasting: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    came = (demand > 0).sum(axis=1)
    chance = came / np.maximum(lasting.sum(axis=1), 1)
    size = demand.sum(axis=1) / np.maximum(came, 1)
    return chance, size
