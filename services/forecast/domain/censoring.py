"""Demand behind sales: a week with nothing on hand says nothing about what customers wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.forecast.domain.series import History

HALF_LIFE_WEEKS = 26.0
"""A week this old counts half: rates drift with model cycles, and a year-old week knows little of today."""

_NEIGHBOUR_PERIODS = 13.0
_FADES_AFTER_WEEKS = 26
_FADING_HALF_LIFE_WEEKS = 26.0


def forgetting(periods: int, half_life: float = HALF_LIFE_WEEKS) -> NDArray[np.float64]:
    """Weigh periods by age, 1 for the newest and last; shape ``[periods]``, ``half_life`` in periods."""
    weights: NDArray[np.float64] = 0.5 ** (np.arange(periods - 1, -1, -1) / half_life)
    return weights


def unconstrained_rate(history: History, half_life: float | None = None) -> float | None:
    """Estimate units wanted a week, had it always been in stock; None where it never was.

    The maximum-likelihood rate of a Poisson process watched only while stocked: sales over weeks on hand.
    ``half_life`` in weeks discounts old weeks; None counts all alike.
    """
    weights = np.ones(history.periods) if half_life is None else forgetting(history.periods, half_life)
    on_hand = float(weights @ history.exposure)
    return float(weights @ history.values) / on_hand if on_hand > 0 else None


def expected_demand(
    values: NDArray[np.float64], exposure: NDArray[np.float64], began: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Fill sales with those expected for the time out of stock; units, ``[series, periods]`` as given.

    Sales plus rate times the fraction out of stock: the mean of demand given what was seen. The rate is that
    of the surrounding months (two-sided exponential kernel), so that a gap resembles its own time. Periods
    before a series ``began`` stay 0.
    """
    periods = values.shape[1]
    lasting = np.arange(periods) >= began[:, None]
    out = np.where(lasting, 1.0 - exposure, 0.0)
    gappy = out.any(axis=1)
    if not gappy.any():
        return values
    ages = np.arange(periods)
    kernel = 0.5 ** (np.abs(ages[:, None] - ages[None, :]) / _NEIGHBOUR_PERIODS)
    on_hand = exposure[gappy] @ kernel
    rate = np.divide(values[gappy] @ kernel, on_hand, out=np.zeros_like(on_hand), where=on_hand > 0)
    filled = values.copy()
    filled[gappy] += rate * out[gappy]
    return filled


def stockout_weeks(history: History) -> int:
    """Add up the time without stock since the segment was first seen, whole and part weeks, rounded."""
    return round(float((1.0 - history.exposure).sum()))


def lost_sales_per_week(history: History, rate: float) -> float:
    """Estimate units lost a week for want of stock, lately: the rate times the recent share of time out.

    Recent as in ``forgetting``; 0 for an empty series, which was not out of stock but never in it.
    """
    if not history.periods:
        return 0.0
    weights = forgetting(history.periods)
    return rate * float(weights @ (1.0 - history.exposure)) / float(weights.sum())


def fading(history: History) -> float:
    """Give the factor by which a segment that is no longer stocked has faded, 1 while it is.

    Half a year without a unit is a decision, not a stock-out: from then on the belief halves every half
    year. What the market sells keeps its own weight in the prior.
    """
    stocked = np.flatnonzero(history.exposure > 0)
    if not stocked.size:
        return 1.0
    idle = history.periods - 1 - int(stocked[-1])
    factor: float = 0.5 ** (max(0, idle - _FADES_AFTER_WEEKS) / _FADING_HALF_LIFE_WEEKS)
    return factor
