"""The expected net of a unit at a price and a place.

    net = sum over t of p(sell in t) * (retail cash - holding * t) + p(not by T) * (exit cash - holding * T)

What the unit cost is sunk and the same for every alternative, so nets are compared as cash in less holding;
front gross is shown beside them where the cost is known. Because holding grows evenly with time, the sum
equals

    (1 - unsold) * retail cash + unsold * exit cash - holding * expected days,

with ``unsold`` the chance of being here at the horizon T and the expected days those of the survival curve.
The exit is valued at today's level: the fall in value up to then is in the holding cost already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.time_to_sale import ageing, exposure, price_effect, sojourn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.recommend.domain.time_to_sale import Floats

_ROWS_AT_ONCE = 500
_DRAW_STRIDE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """All that decides a unit's net at one rooftop, but the price; amounts in its currency, rates per day."""

    dealer_id: str
    market_price: float
    market_log_sd: float
    base_rate: float
    rate_log_sd: float
    elasticity: float
    age_days: float
    staleness: float
    horizon_days: float
    delay_days: float
    holding_per_day: float
    negotiation_discount: float
    back_gross: float
    exit_cash: float
    upfront_cost: float = 0.0
    elsewhere: bool = False
    """True at a rooftop where the unit does not stand now; its errors are then drawn apart."""

    def retail_cash(self, price: float) -> float:
        """Give what a retail sale at an asking price brings in, back gross included."""
        return price * (1 - self.negotiation_discount) + self.back_gross


@dataclass(frozen=True, slots=True)
class Valuation:
    """Nets and what they rest on; every array has shape (units, prices)."""

    net: Floats
    unsold: Floats
    expected_days: Floats
    daily_hazard: Floats


@dataclass(frozen=True, slots=True)
class Draws:
    """Standard normal draws, one column per draw; row 0 for where the unit stands, row 1 for elsewhere."""

    rate: Floats
    market: Floats
    elasticity: Floats
    exit: Floats


ELASTICITY_LOG_SD = 0.35
EXIT_LOG_SD = 0.06


def evaluate(settings: Sequence[Setting], prices: Floats) -> Valuation:
    """Value each setting at each of its prices; ``prices`` has shape (len(settings), k)."""
    parts = [
        _evaluate(settings[start : start + _ROWS_AT_ONCE], prices[start : start + _ROWS_AT_ONCE], None)
        for start in range(0, len(settings), _ROWS_AT_ONCE)
    ]
    if not parts:
        return Valuation(*(np.empty((0, prices.shape[1])) for _ in range(4)))
    return Valuation(
        net=np.concatenate([part.net for part in parts]),
        unsold=np.concatenate([part.unsold for part in parts]),
        expected_days=np.concatenate([part.expected_days for part in parts]),
        daily_hazard=np.concatenate([part.daily_hazard for part in parts]),
    )


def evaluate_draws(settings: Sequence[Setting], prices: Floats, draws: Draws) -> Floats:
    """Value each setting at its one price, shape (n,), under each draw; gives shape (n, draws)."""
    parts = [
        _evaluate(settings[start : start + _ROWS_AT_ONCE], prices[start : start + _ROWS_AT_ONCE, None], draws).net
        for start in range(0, len(settings), _ROWS_AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.empty((0, draws.elasticity.size))


def exit_draws(settings: Sequence[Setting], draws: Draws) -> Floats:
    """Give what leaving at once brings under each draw, shape (n, draws)."""
    return _column(settings, "exit_cash") * _exit_factor(settings, draws)


def _evaluate(settings: Sequence[Setting], prices: Floats, draws: Draws | None) -> Valuation:
    market, elasticity = _column(settings, "market_price"), _column(settings, "elasticity")
    rate, exit_cash = _column(settings, "base_rate"), _column(settings, "exit_cash")
    if draws is not None:
        place = _place(settings)
        market = market * np.exp(_column(settings, "market_log_sd") * draws.market[place])
        elasticity = elasticity * np.exp(ELASTICITY_LOG_SD * draws.elasticity)[None, :]
        rate = rate * np.exp(_column(settings, "rate_log_sd") * draws.rate[place])
        exit_cash = exit_cash * _exit_factor(settings, draws)
    age, staleness = _column(settings, "age_days")[:, 0], _column(settings, "staleness")[:, 0]
    horizon, delay = _column(settings, "horizon_days")[:, 0], _column(settings, "delay_days")[:, 0]
    stride = 1 if draws is None else _DRAW_STRIDE
    intensity = rate * price_effect(prices / market, elasticity)
    unsold, days = sojourn(intensity, exposure(age, staleness, horizon, delay, stride=stride))
    retail = prices * (1 - _column(settings, "negotiation_discount")) + _column(settings, "back_gross")
    net = (
        (1 - unsold) * retail
        + unsold * exit_cash
        - _column(settings, "holding_per_day") * days
        - _column(settings, "upfront_cost")
    )
    return Valuation(net, unsold, days, 1 - np.exp(-intensity * ageing(age, staleness)[:, None]))


def _exit_factor(settings: Sequence[Setting], draws: Draws) -> Floats:
    market = np.exp(_column(settings, "market_log_sd") * draws.market[_place(settings)])
    factor: Floats = market * np.exp(EXIT_LOG_SD * draws.exit)[None, :]
    return factor


def _place(settings: Sequence[Setting]) -> list[int]:
    return [int(setting.elsewhere) for setting in settings]


def _column(settings: Sequence[Setting], name: str) -> Floats:
    return np.array([getattr(setting, name) for setting in settings], dtype=np.float64)[:, None]
