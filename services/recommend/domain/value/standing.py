"""Units that stand among others of their shelf until shoppers choose them, as their tenant's own sales taught.

With intensity v, as in :mod:`attraction.model`, a unit is given up to the lane after T days:

    net = (1 - u) * retail cash + u * exit cash - holding * (1 - u) / v        with u = exp(-v * T)
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.attraction.model import age_pull, price_pull
from services.recommend.domain.value.setting import Valuation, column, place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.recommend.domain.time_to_sale import Floats
    from services.recommend.domain.value.setting import Attracted, Draws, Setting

LONGEST_HORIZONS = 2
"""A unit that finds no customer within so many horizons leaves through the lane; purchases are reckoned so too."""
_SLOWEST = 1e-4
"""Daily chance of sale; less is not told from none."""
_NONE = 1e-12


@dataclass(frozen=True, slots=True)
class _Shelf:
    """What shoppers taught of each unit's shelf, as columns of shape (n, 1)."""

    shoppers: Floats
    appeal: Floats
    staleness: Floats
    others: Floats
    beside: Floats
    elasticity_log_sd: Floats

    @classmethod
    def of(cls, attracted: Sequence[Attracted]) -> _Shelf:
        return cls(
            **{
                each.name: np.array([[getattr(one, each.name)] for one in attracted], dtype=np.float64)
                for each in fields(cls)
            }
        )


def standing(
    settings: Sequence[Setting], attracted: Sequence[Attracted], prices: Floats, market: Floats, draws: Draws | None
) -> Valuation:
    """Value units that stand until they sell, or leave through the lane after ``LONGEST_HORIZONS`` horizons.

    The chance of a sale is taken to stay what it is at its age and in its company: it is weighed anew every day.
    Under a draw its customer comes when the intensity that has passed reaches the draw's patience, whose mean is one.
    """
    shelf = _Shelf.of(attracted)
    shoppers, elasticity = shelf.shoppers, column(settings, "elasticity")
    if draws is not None:
        elasticity = elasticity * np.exp(shelf.elasticity_log_sd * draws.elasticity[None, :])
        shoppers = shoppers * np.exp(column(settings, "rate_log_sd") * draws.rate[place(settings)])
    delay, holding = column(settings, "delay_days"), column(settings, "holding_per_day")
    horizon = column(settings, "horizon_days")
    longest = np.maximum(0.0, LONGEST_HORIZONS * horizon - delay)
    fresh = age_pull(column(settings, "age_days") + delay, shelf.staleness)
    pull = shelf.appeal * price_pull(prices / market, elasticity) * fresh
    intensity = np.maximum(shoppers * pull / (1.0 + shelf.beside + pull), _SLOWEST)
    if draws is None:
        leaving, stands = _bounded(intensity, longest)
    else:
        waited = draws.patience[place(settings)] / intensity
        leaving, stands = (waited > longest).astype(np.float64), np.minimum(waited, longest)
    retail = prices * (1 - column(settings, "negotiation_discount")) + column(settings, "back_gross")
    exit_cash = column(settings, "exit_cash")
    net = (1 - leaving) * retail + leaving * exit_cash - holding * (delay + stands) - column(settings, "upfront_cost")
    usual = market * (1 - column(settings, "negotiation_discount")) + column(settings, "back_gross")
    return Valuation(
        net=net,
        unsold=np.exp(-intensity * np.maximum(0.0, horizon - delay)),
        leaving=leaving,
        expected_days=delay + stands,
        daily_hazard=-np.expm1(-intensity),
        beside=_beside(shelf, pull, usual - exit_cash, holding, LONGEST_HORIZONS * horizon),
    )


def _bounded(intensity: Floats, longest: Floats) -> tuple[Floats, Floats]:
    """Give the chance of no customer within ``longest`` days, and the expected days until either."""
    none = np.exp(-intensity * longest)
    return none, (1 - none) / intensity


def _beside(shelf: _Shelf, pull: Floats, gained: Floats, holding: Floats, longest: Floats) -> Floats:
    """Give what units of a pull change for those beside them, who are taken to be alike.

    While it stands they find fewer customers. It stands as long as any of them with the chance that it is not the
    first of the two to be chosen, which under the logit is their share of both their pulls.
    ``gained`` is what a retail sale brings over the lane.
    """
    each = shelf.beside / np.maximum(1.0, shelf.others)
    alone = np.maximum(shelf.shoppers * each / (1.0 + shelf.beside), _SLOWEST)
    crowded = np.maximum(shelf.shoppers * each / (1.0 + shelf.beside + pull), _SLOWEST)
    before, days_before = _bounded(alone, longest)
    after, days_after = _bounded(crowded, longest)
    loss = gained * (after - before) + holding * (days_after - days_before)
    changed: Floats = -shelf.others * each / np.maximum(each + pull, _NONE) * loss
    return changed
