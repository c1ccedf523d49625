"""How many to have: the newsvendor with negative binomial demand, which grows with what there is to choose from."""

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


def expected_sales(units: Floats, mean: Floats | float, dispersion: float) -> Floats:
    """Give E[min(D, units)] for negative binomial demand; broadcasts over units (whole numbers) and mean.

    E[min(D, n)] = mean * P(D' <= n - 2) + n * P(D >= n), where D' has one more success in its parameter
    (from k P(D = k) = mean P(D' = k - 1)).
    """
    wanted = np.asarray(units, dtype=np.float64)
    expected = np.maximum(np.asarray(mean, dtype=np.float64), 1e-12)
    before = np.maximum(wanted - 1.0, 1e-12)
    if dispersion < _POISSON_BELOW:
        below = gammaincc(before, expected)
    else:
        below = betainc(expected / (dispersion - 1.0) + 1.0, before, 1.0 / dispersion)
    partial = np.where(wanted >= 2, expected * below, 0.0)  # noqa: PLR2004  # no fewer than one below two
    sales: Floats = partial + wanted * at_least(wanted, expected, dispersion)
    return sales


def added_sales(count: int, mean: Floats | float, factors: Floats, dispersion: float) -> Floats:
    """Give the sales that the 1st to ``count``-th unit adds over the time that ``mean`` is the demand of.

    ``factors[n - 1]`` is by how much demand is larger with n units there; with all of them 1 the n-th unit adds
    P(D >= n). ``mean`` has shape () or (k, 1); never rising with n.
    """
    units = np.arange(0, count + 1, dtype=np.float64)
    means = np.asarray(mean, dtype=np.float64) * np.concatenate([factors[:1], factors])
    sales = expected_sales(units, means, dispersion)
    added: Floats = np.minimum.accumulate(np.clip(np.diff(sales, axis=-1), 0.0, 1.0), axis=-1)
    return added


def most_units(mean: float, dispersion: float) -> int:
    """Give up to how many units could be worth having, with some to spare."""
    return int(min(_MOST_UNITS, np.ceil(mean * 3 + 12 * (1 + dispersion))))


def later_sales(
    available: int, lead_mean: Floats, after_mean: Floats, dispersion: float, count: int, factors: Floats
) -> Floats:
    """Give the sales that the 1st to ``count``-th unit bought now adds once it is here.

    ``available`` stand there or are on the way; ``lead_mean`` is demand until the purchase lands,
    ``after_mean`` demand in the days it has to cover then, both of shape (k,). ``factors`` as for
    :func:`added_sales`, for ``available + count`` units at least. The result has shape (k, count). Customers
    who come before it lands and find nothing are lost, not kept waiting, so no car is bought for them.
    """
    steps = np.arange(0, available + 1, dtype=np.float64)
    before = lead_mean * factors[max(0, available - 1)]
    still = at_least(steps[None, :], before[:, None], dispersion)
    left = np.concatenate([still[:, -1:], (still[:, :-1] - still[:, 1:])[:, ::-1]], axis=1)
    added = added_sales(available + count, after_mean[:, None], factors[: available + count], dispersion)
    windows = np.lib.stride_tricks.sliding_window_view(added, available + 1, axis=1)[:, :count]
    sales: Floats = np.einsum("knx,kx->kn", windows, left)
    return sales
