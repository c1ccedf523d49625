"""How many to have: the newsvendor's critical ratio with negative binomial demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, gammaincc

if TYPE_CHECKING:
    from services.recommend.domain.time_to_sale import Floats

_MOST_UNITS = 400
_POISSON_BELOW = 1.001


def at_least(units: Floats, mean: Floats | float, dispersion: float) -> Floats:
    """Give the chance that demand is at least ``units`` (whole numbers); broadcasts over units and mean.

    Demand is negative binomial with variance ``dispersion`` times the mean, Poisson where the dispersion is 1
    or less: P(D <= k) is the regularised incomplete beta function I(1/dispersion; mean/(dispersion - 1), k +
    1).
    """
    wanted = np.maximum(np.asarray(units, dtype=np.float64), 1.0)
    expected = np.maximum(np.asarray(mean, dtype=np.float64), 1e-12)
    if dispersion < _POISSON_BELOW:
        below = gammaincc(wanted, expected)
    else:
        below = betainc(expected / (dispersion - 1.0), wanted, 1.0 / dispersion)
    chance: Floats = np.where(np.asarray(units) <= 0, 1.0, 1.0 - below)
    return chance


def critical_ratio(underage: float, overage: float) -> float:
    """Give Cu / (Cu + Co), 0 where a unit is not worth having at all (``underage`` of 0 or less).

    Raises:
        ValueError: if ``overage`` is not positive; a unit too many always costs something.
    """
    if overage <= 0:
        message = f"the cost of a unit too many is {overage}; it has to be positive"
        raise ValueError(message)
    return max(0.0, underage) / (max(0.0, underage) + overage)


def marginal_values(mean: Floats | float, dispersion: float, underage: float, overage: float) -> Floats:
    """Give the expected net of the 1st, 2nd, ... unit: P(D >= n) * Cu - P(D < n) * Co, never rising with n.

    As many as could be worth having, and one more; amounts in the currency of ``underage`` and ``overage``.
    """
    count = int(min(_MOST_UNITS, np.ceil(float(np.max(mean)) * 3 + 12 * (1 + dispersion))))
    units = np.arange(1, count + 1, dtype=np.float64)
    chance = at_least(units, mean, dispersion)
    values: Floats = chance * underage - (1 - chance) * overage
    return values


def base_stock(mean: float, dispersion: float, underage: float, overage: float) -> int:
    """Give the number to have on hand and on the way: the smallest q with P(D <= q) >= Cu / (Cu + Co)."""
    if underage <= 0:
        return 0
    return int(np.count_nonzero(marginal_values(mean, dispersion, underage, overage) > 0))


def later_need(available: int, lead_mean: Floats, after_mean: Floats, dispersion: float, count: int) -> Floats:
    """Give the chance that the 1st to ``count``-th unit bought now is needed once it is here.

    ``available`` stand there or are on the way; ``lead_mean`` is demand until the purchase lands,
    ``after_mean`` demand in the days it has to cover then, both of shape (k,). The result has shape (k,
    count). Customers who come before it lands and find nothing are lost, not kept waiting, so no car is
    bought for them.
    """
    steps = np.arange(0, available + count + 1, dtype=np.float64)
    still = at_least(steps[None, : available + 1], lead_mean[:, None], dispersion)
    left = np.concatenate([still[:, -1:], (still[:, :-1] - still[:, 1:])[:, ::-1]], axis=1)
    needed = at_least(steps[None, :], after_mean[:, None], dispersion)
    windows = np.lib.stride_tricks.sliding_window_view(needed[:, 1:], available + 1, axis=1)[:, :count]
    chance: Floats = np.einsum("knx,kx->kn", windows, left)
    return chance
