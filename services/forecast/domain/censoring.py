"""Demand behind sales: a week with nothing on hand says nothing about what customers wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.forecast.domain.series import SegmentHistory

HALF_LIFE_WEEKS = 26.0
"""A week this old counts half: rates drift with model cycles, and a year-old week knows little of today."""

_NEIGHBOUR_WEEKS = 13.0


def forgetting(weeks: int, half_life: float = HALF_LIFE_WEEKS) -> NDArray[np.float64]:
    """Weigh weeks by age, 1 for the newest and last; shape ``[weeks]``, ``half_life`` in weeks."""
    weights: NDArray[np.float64] = 0.5 ** (np.arange(weeks - 1, -1, -1) / half_life)
    return weights


def unconstrained_rate(history: SegmentHistory, half_life: float | None = None) -> float | None:
    """Estimate units wanted a week, had it always been in stock; None where it never was.

    The maximum-likelihood rate of a Poisson process watched only while stocked: sales over weeks on hand.
    ``half_life`` in weeks discounts old weeks; None counts all alike.
    """
    weights = np.ones(history.weeks) if half_life is None else forgetting(history.weeks, half_life)
    on_hand = float(weights @ history.exposure)
    return float(weights @ history.sales) / on_hand if on_hand > 0 else None


def expected_demand(history: SegmentHistory) -> NDArray[np.float64]:
    """Fill each week's sales with those expected for the time out of stock; units, shape ``[weeks]``.

    Sales plus rate times the fraction out of stock: the mean of demand given what was seen. The rate is that
    of the surrounding months (two-sided exponential kernel), so that a gap resembles its own time.
    """
    out = 1.0 - history.exposure
    if not out.any():
        return history.sales
    weeks = np.arange(history.weeks)
    kernel = 0.5 ** (np.abs(weeks[:, None] - weeks[None, :]) / _NEIGHBOUR_WEEKS)
    on_hand = kernel @ history.exposure
    rate = np.divide(kernel @ history.sales, on_hand, out=np.zeros(history.weeks), where=on_hand > 0)
    filled: NDArray[np.float64] = history.sales + rate * out
    return filled


def stockout_weeks(history: SegmentHistory) -> int:
    """Add up the time without stock since the segment was first seen, whole and part weeks, rounded."""
    return round(float((1.0 - history.exposure).sum()))


def lost_sales_per_week(history: SegmentHistory, rate: float) -> float:
    """Estimate units lost a week for want of stock, lately: the rate times the recent share of time out.

    Recent as in ``forgetting``; 0 for an empty series, which was not out of stock but never in it.
    """
    if not history.weeks:
        return 0.0
    weights = forgetting(history.weeks)
    return rate * float(weights @ (1.0 - history.exposure)) / float(weights.sum())
