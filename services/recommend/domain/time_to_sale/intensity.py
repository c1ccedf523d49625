"""The pace of a unit by the parameters alone: a daily intensity, and the stay that follows from it.

The chance that a unit still here is sold on a day is ``1 - exp(-intensity)``, with

    intensity = base * exp(-elasticity * (price to market - 1)) * ageing(days in the group) * hazard_scale

Assumptions, all of them open to correction by what is learned from outcomes:

- A segment's demand is shared equally by its units on hand, so that base = demand per day / units on hand.
- However many want the segment, a unit stands ``display_days`` on average until one comes whom its colour and
  trim suits: base never exceeds 1 / display days.
- That ratio is trusted as far as the segment has sales behind it; the rest of the weight is on the store's
  usual median days to sell (geometric mean, weight n / (n + 8) for n sales).
- The asking price follows the market down, so that price to market stays what it is today; the fall in value
  is charged as depreciation in the holding cost and nowhere else.
- Age means days in the group: a transfer does not make a unit young again.
- Units of a segment differ in ways that the book does not show. One that still stands after its like would
  have sold is probably a poorer one: with gamma frailty of variance v, its pace is 1 / (1 + v * base * days)
  of the segment's (Vaupel, Manton and Stallard 1979).
- Because the intensity is a product of a price part and an age part, survival is ``exp(-rate * exposure)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TRUST_SALES = 8.0
_SLOWEST = 1 / 365
_FRESH_DAYS = 30.0
_LEAST_AGEING = 0.5
LN2: Final = math.log(2.0)


def base_rate(
    demand_per_day: float | None, on_hand: int, median_days: float, units_sold: int, *, display_days: float
) -> float:
    """Give the daily intensity of a fresh unit priced at the market, before ``hazard_scale``.

    ``demand_per_day`` in units for the segment at the rooftop (nothing where unknown), ``on_hand`` including
    the unit itself, ``median_days`` the prior median days to sell. Bounded to between one sale a year and one
    in ``display_days``.
    """
    prior = LN2 / median_days
    low, high = _SLOWEST, 1 / max(1.0, display_days)
    if demand_per_day is None:
        return min(high, max(low, prior))
    shared = min(high, max(low, demand_per_day / max(1, on_hand)))
    trust = units_sold / (units_sold + _TRUST_SALES)
    return min(high, max(low, math.exp(trust * math.log(shared) + (1 - trust) * math.log(prior))))


def quality(base: float, days: float, frailty: float) -> float:
    """Give a unit's own pace over its segment's, having stood ``days`` at a daily intensity ``base``."""
    return 1.0 / (1.0 + frailty * base * days)


def rate_log_sd(units_sold: int, *, demand_known: bool) -> float:
    """Give the sd of the logarithm of a base rate: 0.2 of model error and the error of counting sales."""
    return math.sqrt(0.04 + 1 / (units_sold + _TRUST_SALES)) if demand_known else 0.5


def price_effect(price_to_market: Floats, elasticity: Floats | float) -> Floats:
    """Give the factor on the intensity at a price to market; 1 at the market, falling as the price rises."""
    effect: Floats = np.exp(-elasticity * (price_to_market - 1.0))
    return effect


def ageing(days: Floats, staleness: Floats | float) -> Floats:
    """Give the factor on the intensity at an age in days: 1 for 30 days, then falling to one half."""
    stale = np.maximum(0.0, days - _FRESH_DAYS) / _FRESH_DAYS
    factor: Floats = np.maximum(_LEAST_AGEING, np.exp(-staleness * stale))
    return factor


@dataclass(frozen=True, slots=True)
class Exposure:
    """Ageing factors of ``n`` units cumulated to the start of each day, and how much of that day is watched.

    ``at_days`` and ``weights`` have shape (n, days), ``at_end`` shape (n,).
    """

    at_days: Floats
    weights: Floats
    at_end: Floats

    @classmethod
    def of_cumulated(cls, cumulated: Floats, horizon: Floats) -> Exposure:
        """Take factors cumulated to the end of each day, shape (n, days), up to each unit's horizon."""
        days = cumulated.shape[1]
        cumulated = np.concatenate([np.zeros((len(cumulated), 1)), cumulated], axis=1)
        weights = np.clip(horizon[:, None] - np.arange(days)[None, :], 0.0, 1.0)
        ends = np.take_along_axis(cumulated, np.round(horizon).astype(np.int64)[:, None], axis=1)[:, 0]
        return cls(cumulated[:, :days], weights, ends)


def exposure(age: Floats, staleness: Floats, horizon: Floats, delay: Floats) -> Exposure:
    """Cumulate the ageing of units over their horizon; all arguments of shape (n,), in days.

    No sale is possible in the first ``delay`` days.
    """
    days = int(np.ceil(horizon.max())) if horizon.size else 0
    day = np.arange(1, days + 1, dtype=np.float64)
    daily = ageing(age[:, None] + day[None, :], staleness[:, None])
    daily = np.where(day[None, :] > delay[:, None], daily, 0.0)
    return Exposure.of_cumulated(np.cumsum(daily, axis=1), horizon)


def sojourn(rate: Floats, exposed: Exposure) -> tuple[Floats, Floats]:
    """Give the chance of still being here at the horizon, and the expected days on the lot up to it.

    ``rate`` has shape (n, k), for k prices or draws of each unit; both results have the same shape. The
    expected days are the sum of the survival curve, each unsold unit counting the whole horizon.
    """
    curve = np.exp(-rate[:, :, None] * exposed.at_days[:, None, :])
    expected_days: Floats = np.einsum("nkd,nd->nk", curve, exposed.weights)
    unsold: Floats = np.exp(-rate * exposed.at_end[:, None])
    return unsold, expected_days


def life(rate: Floats, exposed: Exposure, patience: Floats) -> tuple[Floats, Floats]:
    """Give single lives instead of what is expected: whether unsold at the horizon (0 or 1), and the days until then.

    ``rate`` and ``patience`` have shape (n, k). A unit sells on the day on which its cumulated intensity reaches its
    patience, which for an exponential one is the law of ``sojourn``. Lives of equal patience at another rate are
    the same car's under another price: cheaper is never later.
    """
    due = patience / rate
    started = np.stack([np.searchsorted(days, row) for days, row in zip(exposed.at_days, due, strict=True)])
    passed = np.concatenate([np.zeros((len(rate), 1)), np.cumsum(exposed.weights, axis=1)], axis=1)
    days: Floats = np.take_along_axis(passed, started, axis=1)
    unsold: Floats = (due > exposed.at_end[:, None]).astype(np.float64)
    return unsold, days


def survival(rate: Floats, exposed: Exposure) -> Floats:
    """Give the survival curve, shape (n, k, days): the chance of not having been sold before each day."""
    curve: Floats = np.exp(-rate[:, :, None] * exposed.at_days[:, None, :])
    return curve
