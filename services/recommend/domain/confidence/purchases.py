"""How sure a purchase is: the chance that its cars together bring more than they cost.

Drawn, from a fixed seed, are the rate at which customers come, the gross that the segment brings on average, the
gross of each single deal and the day on which each car's customer comes. What its cars take from their neighbours
is a mean, as the value has it. So it is what a manager can count afterwards, as of advice on a car that stands
there: of so many such purchases, so many paid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaincinv, ndtri

from services.recommend.domain.confidence.units import DRAWS, SEED, within_limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.recommend.domain.stocking.purchases import Purchase
    from services.recommend.domain.stocking.shelf_value import ShelfValue
    from services.recommend.domain.time_to_sale import Floats

_DEAL_SD = 0.05
"""Spread of a single deal's gross, as a share of the retail price."""
_CHANGE = 0.1
"""Share of the average gross by which it may have moved since."""
_DEMAND_MODEL_VARIANCE = 0.04
_WIDEST = 2.0
_LEAST_SPREAD, _LEAST_RATE = 1e-3, 1e-4
_LEAST_HELD, _MOST_HELD = 0.01, 0.99
_RATES = ndtri((np.arange(11) + 0.5) / 11)
"""Of the rate's logarithm, in its sds: as many evenly likely ones."""


@dataclass(frozen=True, slots=True, eq=False)
class _Lots:
    """What fate may hold: ``deal`` standard normal and ``patience`` exponential, shape (draws, units).

    ``gross`` is standard normal and ``customers`` uniform, shape (draws, 1), as is ``line``: how much patience those
    take who stand there already. ``level`` says which of the rates comes true, shape (draws,), each as often as
    another.
    """

    level: NDArray[np.intp]
    line: Floats
    gross: Floats
    customers: Floats
    deal: Floats
    patience: Floats

    @classmethod
    def of(cls, there: int, units: int) -> _Lots:
        rng = np.random.default_rng(SEED)
        return cls(
            level=rng.permutation(DRAWS) % _RATES.size,
            line=rng.standard_gamma(max(0, there), (DRAWS, 1)),
            gross=rng.standard_normal((DRAWS, 1)),
            customers=rng.random((DRAWS, 1)),
            deal=rng.standard_normal((DRAWS, units)),
            patience=rng.standard_exponential((DRAWS, units)),
        )


def purchase_confidence(purchase: Purchase) -> float:
    """Give the probability that buying is worth it.

    The rate's log sd falls with the segment's sales, and is wider where the forecast's own ranges have proved too
    narrow (:func:`_widening`); the average gross has the spread of single deals over the square root of the deals
    seen, and a tenth for change since. Where the shoppers were learned it is their rate, and the forecast's ranges
    say nothing of it.
    """
    position, gross = purchase.position, purchase.position.gross
    lots, retail = _Lots.of(purchase.available, purchase.quantity), _DEAL_SD * gross.retail
    earned = gross.front + gross.back
    average_sd = math.hypot(retail / math.sqrt(gross.n + 1), _CHANGE * earned)
    deals = earned + average_sd * lots.gross + retail * lots.deal
    known = math.sqrt(_DEMAND_MODEL_VARIANCE + 1 / (position.demand.units_sold + 1))
    if position.shelf is not None:
        nets = _by_shoppers(position.shelf, purchase, np.exp(known * _RATES), deals, lots)
    else:
        scale = np.exp(known * _widening(position.demand.coverage80) * _RATES)
        nets = _by_forecast(purchase, scale, deals, lots)
    return within_limits(float((nets.sum(axis=1) > 0).mean()))


def _by_shoppers(shelf: ShelfValue, purchase: Purchase, scale: Floats, deals: Floats, lots: _Lots) -> Floats:
    """Give what each unit brings where the shoppers were learned, shape (draws, units); who finds none leaves."""
    ahead = shelf.prospects(purchase.available, purchase.quantity, scale[:, None])
    waited = lots.patience / ahead.rate[lots.level]
    brought = np.where(waited <= shelf.longest_days, deals, -shelf.exit_loss)
    held = shelf.per_day * np.minimum(waited, shelf.longest_days)
    nets: Floats = brought - ahead.taken[lots.level] * shelf.earned - held
    return nets


def _by_forecast(purchase: Purchase, scale: Floats, deals: Floats, lots: _Lots) -> Floats:
    """Give what each unit brings by the forecast, shape (draws, units): it waits behind those that are there.

    Customers come one after another at a rate that is gamma, as the forecast's dispersion has it. Those who come
    before a purchase lands, and find nothing, are lost; who finds none within the horizon leaves through the lane.
    """
    position, there = purchase.position, max(0, purchase.available)
    parameters, spread = position.rooftop.parameters, max(position.demand.dispersion - 1.0, _LEAST_SPREAD)
    shape = max(position.demand_mean, _LEAST_SPREAD) / spread
    busy = gammaincinv(shape, lots.customers) / shape
    rate = position.demand_per_day * position.growth_at(there + purchase.quantity) * scale[lots.level, None] * busy
    days = 1.0 / np.maximum(rate, _LEAST_RATE)
    first = np.maximum(position.lead_days, lots.line * days) - position.lead_days
    waited = first + np.cumsum(lots.patience * days, axis=1)
    sells = waited <= parameters.horizon_days
    brought = np.where(sells, (1 - parameters.substitution) * deals, -position.economics.exit_loss)
    nets: Floats = brought - position.holding.per_day * np.minimum(waited, parameters.horizon_days)
    return nets


def _widening(coverage80: float | None) -> float:
    """Give by how much a normal range of 80 % would have to be wider to have held 80 % of past weeks; 1 to 2.

    Ranges that proved too wide are left so: whole cars are coarse, and few weeks inside prove little.
    """
    if coverage80 is None:
        return 1.0
    held = float(ndtri((1 + min(max(coverage80, _LEAST_HELD), _MOST_HELD)) / 2))
    return min(_WIDEST, max(1.0, float(ndtri(0.9)) / held))
