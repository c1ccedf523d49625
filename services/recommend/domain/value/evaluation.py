"""Valuing settings at prices: by the tenant's shoppers, by the model of its pace, or by the parameters."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.time_to_sale import UnitFeatures, ageing, exposure, life, price_effect, sojourn
from services.recommend.domain.value.setting import Valuation, column, place
from services.recommend.domain.value.standing import standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.recommend.domain.time_to_sale import Exposure, Floats
    from services.recommend.domain.value.setting import Draws, Fitted, Setting

_ROWS_AT_ONCE = 500
ELASTICITY_LOG_SD = 0.35
_MODEL_LOG_SD = 0.2
"""How far a fitted pace is off for what the model has no figure of."""
EXIT_LOG_SD = 0.06


def evaluate(settings: Sequence[Setting], prices: Floats) -> Valuation:
    """Value each setting at each of its prices; ``prices`` has shape (len(settings), k)."""
    whole = Valuation(*(np.empty(prices.shape) for _ in fields(Valuation)))
    for rows in _alike(settings):
        part = _evaluate([settings[row] for row in rows], prices[rows], None)
        for each in fields(Valuation):
            getattr(whole, each.name)[rows] = getattr(part, each.name)
    return whole


def evaluate_draws(settings: Sequence[Setting], prices: Floats, draws: Draws) -> Floats:
    """Give what each setting brings at its one price, shape (n,), in the life that each draw gives its unit.

    The result has shape (n, draws).
    """
    nets = np.empty((len(settings), draws.elasticity.size))
    for rows in _alike(settings):
        nets[rows] = _evaluate([settings[row] for row in rows], prices[rows, None], draws).net
    return nets


def _alike(settings: Sequence[Setting]) -> Iterator[list[int]]:
    """Give the rows that are valued alike, so many at a time: new units have no shoppers learned, used ones may."""
    for learned in (True, False):
        rows = [row for row, each in enumerate(settings) if (each.attracted is not None) is learned]
        yield from (rows[start : start + _ROWS_AT_ONCE] for start in range(0, len(rows), _ROWS_AT_ONCE))


def exit_draws(settings: Sequence[Setting], draws: Draws) -> Floats:
    """Give what leaving at once brings under each draw, shape (n, draws)."""
    return column(settings, "exit_cash") * _exit_factor(settings, draws)


def _evaluate(settings: Sequence[Setting], prices: Floats, draws: Draws | None) -> Valuation:
    market, exit_cash = column(settings, "market_price"), column(settings, "exit_cash")
    if draws is not None:
        market = market * np.exp(column(settings, "market_log_sd") * draws.market[place(settings)])
        exit_cash = exit_cash * _exit_factor(settings, draws)
    fitted = [setting.fitted for setting in settings if setting.fitted is not None]
    attracted = [setting.attracted for setting in settings if setting.attracted is not None]
    if len(attracted) == len(settings):
        return standing(settings, attracted, prices, market, draws)
    if len(fitted) == len(settings):
        pace = _fitted_pace(settings, fitted, prices / market, draws)
    else:
        pace = _usual_pace(settings, prices / market, draws)
    if draws is None:
        unsold, days = sojourn(pace.intensity, pace.exposed)
    else:
        unsold, days = life(pace.intensity, pace.exposed, draws.patience[place(settings)])
    retail = prices * (1 - column(settings, "negotiation_discount")) + column(settings, "back_gross")
    net = (
        (1 - unsold) * retail
        + unsold * exit_cash
        - column(settings, "holding_per_day") * days
        - column(settings, "upfront_cost")
    )
    return Valuation(net, unsold, unsold, days, 1 - np.exp(-pace.intensity * pace.today), np.zeros(net.shape))


@dataclass(frozen=True, slots=True)
class _Pace:
    """Intensity of shape (n, k), the factors of the days, and that of today, shape (n, 1)."""

    intensity: Floats
    exposed: Exposure
    today: Floats


def _usual_pace(settings: Sequence[Setting], to_market: Floats, draws: Draws | None) -> _Pace:
    """Give the pace by the parameters."""
    rate, elasticity = column(settings, "base_rate"), column(settings, "elasticity")
    if draws is not None:
        elasticity = elasticity * np.exp(ELASTICITY_LOG_SD * draws.elasticity)[None, :]
        rate = rate * np.exp(column(settings, "rate_log_sd") * draws.rate[place(settings)])
    age, staleness = column(settings, "age_days")[:, 0], column(settings, "staleness")[:, 0]
    horizon, delay = column(settings, "horizon_days")[:, 0], column(settings, "delay_days")[:, 0]
    exposed = exposure(age, staleness, horizon, delay)
    return _Pace(rate * price_effect(to_market, elasticity), exposed, ageing(age, staleness)[:, None])


def _fitted_pace(
    settings: Sequence[Setting], fitted: Sequence[Fitted], to_market: Floats, draws: Draws | None
) -> _Pace:
    """Give the pace by the model that was fitted to the tenant's own sales; one model for the whole tenant.

    The effect of the price stays the parameters': without a history of prices, which cars were cheap because
    they did not sell cannot be told from which sold because they were cheap.
    """
    model, market = fitted[0].model, column(settings, "market_price")
    features = UnitFeatures.of(
        [each.as_of for each in fitted],
        market[:, 0],
        column(settings, "age_days")[:, 0],
        new=[each.new for each in fitted],
        demand_per_day=[each.demand_per_day for each in fitted],
        on_hand=[float(max(1, each.on_hand)) for each in fitted],
        days_supply=[each.days_supply for each in fitted],
    )
    rate = model.rate(features, market) * np.array([[each.scale] for each in fitted])
    elasticity = column(settings, "elasticity")
    if draws is not None:
        elasticity = elasticity * np.exp(ELASTICITY_LOG_SD * draws.elasticity)[None, :]
        known = model.log_rate_sd(features, market[:, 0])[:, None]
        rate = rate * np.exp(np.hypot(known, _MODEL_LOG_SD) * draws.rate[place(settings)])
    horizon, delay = column(settings, "horizon_days")[:, 0], column(settings, "delay_days")[:, 0]
    exposed = model.exposure(features, horizon, delay)
    today = model.exposure(features, np.ones(len(fitted)), np.zeros(len(fitted))).at_end
    rate = np.minimum(rate, np.array([each.most for each in fitted])[:, None] / today[:, None])
    return _Pace(rate * price_effect(to_market, elasticity), exposed, today[:, None])


def _exit_factor(settings: Sequence[Setting], draws: Draws) -> Floats:
    market = np.exp(column(settings, "market_log_sd") * draws.market[place(settings)])
    factor: Floats = market * np.exp(EXIT_LOG_SD * draws.exit)[None, :]
    return factor
