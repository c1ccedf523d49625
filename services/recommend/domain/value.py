"""The expected net of a unit at a price and a place.

    net = sum over t of p(sell in t) * (retail cash - holding * t) + p(not by T) * (exit cash - holding * T)

What the unit cost is sunk and the same for every alternative, so nets are compared as cash in less holding;
front gross is shown beside them where the cost is known. Because holding grows evenly with time, the sum
equals

    (1 - unsold) * retail cash + unsold * exit cash - holding * expected days,

with ``unsold`` the chance of being here at the horizon T and the expected days those of the survival curve.
The exit is valued at today's level: the fall in value up to then is in the holding cost already. Where the
tenant's shoppers were learned a unit is taken to stand until it sells (:func:`_standing`); leaving is a course of
its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.attraction.model import age_pull
from services.recommend.domain.time_to_sale import UnitFeatures, ageing, exposure, life, price_effect, sojourn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from services.recommend.domain.time_to_sale import Exposure, Floats, HazardModel

_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A model fitted across the tenant, with what it has to know of the unit; ``scale`` is learned on top.

    ``most`` bounds the daily intensity at the market's price: however many want the segment, the customer whom
    this colour and trim suits has to come.
    """

    model: HazardModel
    as_of: date
    new: bool
    demand_per_day: float | None
    on_hand: int
    days_supply: float | None
    scale: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Attracted:
    """What the tenant's shoppers taught: the daily intensity of a fresh unit at the market's price, and staleness.

    ``staleness`` is in log pull per 30 days.
    """

    rate: float
    staleness: float


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
    fitted: Fitted | None = None
    """What the tenant's own sales taught of its pace; without it the parameters' pace holds."""
    attracted: Attracted | None = None
    """What its shoppers taught; goes before ``fitted``."""
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
    patience: Floats
    """The chance of the single car: exponential, how much intensity passes until its customer comes."""


ELASTICITY_LOG_SD = 0.35
_SLOWEST = 1e-4
"""Daily chance of sale; less is not told from none."""
_MODEL_LOG_SD = 0.2
"""How far a fitted pace is off for what the model has no figure of."""
EXIT_LOG_SD = 0.06


def evaluate(settings: Sequence[Setting], prices: Floats) -> Valuation:
    """Value each setting at each of its prices; ``prices`` has shape (len(settings), k)."""
    whole = Valuation(*(np.empty(prices.shape) for _ in range(4)))
    for rows in _alike(settings):
        part = _evaluate([settings[row] for row in rows], prices[rows], None)
        whole.net[rows], whole.unsold[rows] = part.net, part.unsold
        whole.expected_days[rows], whole.daily_hazard[rows] = part.expected_days, part.daily_hazard
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
    return _column(settings, "exit_cash") * _exit_factor(settings, draws)


def _evaluate(settings: Sequence[Setting], prices: Floats, draws: Draws | None) -> Valuation:
    market, exit_cash = _column(settings, "market_price"), _column(settings, "exit_cash")
    if draws is not None:
        market = market * np.exp(_column(settings, "market_log_sd") * draws.market[_place(settings)])
        exit_cash = exit_cash * _exit_factor(settings, draws)
    fitted = [setting.fitted for setting in settings if setting.fitted is not None]
    attracted = [setting.attracted for setting in settings if setting.attracted is not None]
    if len(attracted) == len(settings):
        return _standing(settings, attracted, prices, market, draws)
    if len(fitted) == len(settings):
        pace = _fitted_pace(settings, fitted, prices / market, draws)
    else:
        pace = _usual_pace(settings, prices / market, draws)
    if draws is None:
        unsold, days = sojourn(pace.intensity, pace.exposed)
    else:
        unsold, days = life(pace.intensity, pace.exposed, draws.patience[_place(settings)])
    retail = prices * (1 - _column(settings, "negotiation_discount")) + _column(settings, "back_gross")
    net = (
        (1 - unsold) * retail
        + unsold * exit_cash
        - _column(settings, "holding_per_day") * days
        - _column(settings, "upfront_cost")
    )
    return Valuation(net, unsold, days, 1 - np.exp(-pace.intensity * pace.today))


def _standing(
    settings: Sequence[Setting], attracted: Sequence[Attracted], prices: Floats, market: Floats, draws: Draws | None
) -> Valuation:
    """Value units that stand until they sell: cash less what the days cost, which are one over the daily chance.

    Its chance is taken to stay what it is at its age: it is weighed anew every day. Under a draw its customer comes
    when the intensity that has passed reaches the draw's patience, whose mean is one.
    """
    rate, elasticity = np.array([[each.rate] for each in attracted]), _column(settings, "elasticity")
    if draws is not None:
        elasticity = elasticity * np.exp(ELASTICITY_LOG_SD * draws.elasticity)[None, :]
        rate = rate * np.exp(_column(settings, "rate_log_sd") * draws.rate[_place(settings)])
    delay = _column(settings, "delay_days")
    fresh = age_pull(_column(settings, "age_days") + delay, np.array([[each.staleness] for each in attracted]))
    intensity = np.maximum(rate * price_effect(prices / market, elasticity) * fresh, _SLOWEST)
    days = delay + (1.0 if draws is None else draws.patience[_place(settings)]) / intensity
    retail = prices * (1 - _column(settings, "negotiation_discount")) + _column(settings, "back_gross")
    return Valuation(
        net=retail - _column(settings, "holding_per_day") * days - _column(settings, "upfront_cost"),
        unsold=np.exp(-intensity * np.maximum(0.0, _column(settings, "horizon_days") - delay)),
        expected_days=days,
        daily_hazard=-np.expm1(-intensity) * (delay <= 0),
    )


@dataclass(frozen=True, slots=True)
class _Pace:
    """Intensity of shape (n, k), the factors of the days, and that of today, shape (n, 1)."""

    intensity: Floats
    exposed: Exposure
    today: Floats


def _usual_pace(settings: Sequence[Setting], to_market: Floats, draws: Draws | None) -> _Pace:
    """Give the pace by the parameters."""
    rate, elasticity = _column(settings, "base_rate"), _column(settings, "elasticity")
    if draws is not None:
        elasticity = elasticity * np.exp(ELASTICITY_LOG_SD * draws.elasticity)[None, :]
        rate = rate * np.exp(_column(settings, "rate_log_sd") * draws.rate[_place(settings)])
    age, staleness = _column(settings, "age_days")[:, 0], _column(settings, "staleness")[:, 0]
    horizon, delay = _column(settings, "horizon_days")[:, 0], _column(settings, "delay_days")[:, 0]
    exposed = exposure(age, staleness, horizon, delay)
    return _Pace(rate * price_effect(to_market, elasticity), exposed, ageing(age, staleness)[:, None])


def _fitted_pace(
    settings: Sequence[Setting], fitted: Sequence[Fitted], to_market: Floats, draws: Draws | None
) -> _Pace:
    """Give the pace by the model that was fitted to the tenant's own sales; one model for the whole tenant.

    The effect of the price stays the parameters': without a history of prices, which cars were cheap because
    they did not sell cannot be told from which sold because they were cheap.
    """
    model, market = fitted[0].model, _column(settings, "market_price")
    features = UnitFeatures.of(
        [each.as_of for each in fitted],
        market[:, 0],
        _column(settings, "age_days")[:, 0],
        new=[each.new for each in fitted],
        demand_per_day=[each.demand_per_day for each in fitted],
        on_hand=[float(max(1, each.on_hand)) for each in fitted],
        days_supply=[each.days_supply for each in fitted],
    )
    rate = model.rate(features, market) * np.array([[each.scale] for each in fitted])
    elasticity = _column(settings, "elasticity")
    if draws is not None:
        elasticity = elasticity * np.exp(ELASTICITY_LOG_SD * draws.elasticity)[None, :]
        known = model.log_rate_sd(features, market[:, 0])[:, None]
        rate = rate * np.exp(np.hypot(known, _MODEL_LOG_SD) * draws.rate[_place(settings)])
    horizon, delay = _column(settings, "horizon_days")[:, 0], _column(settings, "delay_days")[:, 0]
    exposed = model.exposure(features, horizon, delay)
    today = model.exposure(features, np.ones(len(fitted)), np.zeros(len(fitted))).at_end
    rate = np.minimum(rate, np.array([each.most for each in fitted])[:, None] / today[:, None])
    return _Pace(rate * price_effect(to_market, elasticity), exposed, today[:, None])


def _exit_factor(settings: Sequence[Setting], draws: Draws) -> Floats:
    market = np.exp(_column(settings, "market_log_sd") * draws.market[_place(settings)])
    factor: Floats = market * np.exp(EXIT_LOG_SD * draws.exit)[None, :]
    return factor


def _place(settings: Sequence[Setting]) -> list[int]:
    return [int(setting.elsewhere) for setting in settings]


def _column(settings: Sequence[Setting], name: str) -> Floats:
    return np.array([getattr(setting, name) for setting in settings], dtype=np.float64)[:, None]
