"""The gross to expect from a segment at a rooftop, and what a car of it costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.recommend.domain.book import is_new
from services.recommend.domain.typical_car import todays_price

if TYPE_CHECKING:
    from services.recommend.domain.lookup import Lookup
    from services.recommend.domain.typical_car import TodaysPrice

_SHRINK_SALES = 5.0


@dataclass(frozen=True, slots=True)
class ExpectedGross:
    """Front and back gross per unit, its typical cost (all in, with reconditioning), and their grounds."""

    front: float
    back: float
    cost: float
    n: int
    front_formula: str
    cost_formula: str
    caveats: tuple[str, ...]
    today: TodaysPrice | None = None
    """What the market bears now for such cars, where that is less than they went for: cost and front are of it."""

    @property
    def retail(self) -> float:
        """Give the price at which it should sell."""
        return self.cost + self.front


def back_gross(lookup: Lookup, dealer_id: str, segment: str) -> tuple[float, str]:
    """Give the back gross to expect, and its source: segment, condition or default."""
    for history in lookup.history(dealer_id, segment):
        if history is not None and history.average_back_gross is not None:
            return history.average_back_gross, f"average of {history.n} sales"
    return lookup.rooftops[dealer_id].parameters.back_gross, "default"


def typical_cost(lookup: Lookup, dealer_id: str, segment: str) -> tuple[float, str] | None:
    """Give what a unit of the segment costs the rooftop, from its sales, its stock, or the market median."""
    sold, _ = lookup.history(dealer_id, segment)
    if sold is not None and sold.average_cost is not None:
        return sold.average_cost, f"average cost of {sold.n} sales"
    costs = [unit.total_cost for unit in lookup.units_by_shelf.get((dealer_id, segment), ())]
    known = [cost for cost in costs if cost]
    if known:
        return sum(known) / len(known), f"average cost of {len(known)} in stock or on order"
    market = lookup.markets.get((dealer_id, segment))
    if market is not None and market.price_median:
        margin = lookup.rooftops[dealer_id].parameters.default_margin
        return market.price_median * (1 - margin), f"market median less a margin of {margin:.0%}"
    return None


def expected_gross(lookup: Lookup, dealer_id: str, segment: str) -> ExpectedGross | None:
    """Give the gross to expect from the next unit of a segment, or nothing where no cost can be told.

    A segment's average is shrunk to that of its condition at the rooftop with the weight of five sales; where
    there are no sales, the default margin stands in. Used cars for which the market bears less by now than
    they went for are expected to cost, and to bring, less in the same proportion.
    """
    priced = typical_cost(lookup, dealer_id, segment)
    if priced is None:
        return None
    cost, cost_formula = priced
    parameters = lookup.rooftops[dealer_id].parameters
    own, condition = lookup.history(dealer_id, segment)
    back, back_source = back_gross(lookup, dealer_id, segment)
    caveats = [] if back_source != "default" else ["no back gross on record: the default is used"]
    fallback = cost * parameters.default_margin / (1 - parameters.default_margin)
    prior = condition.average_front_gross if condition else fallback
    if own is not None:
        front = (own.n * own.average_front_gross + _SHRINK_SALES * prior) / (own.n + _SHRINK_SALES)
        formula = f"({own.n} × {own.average_front_gross:,.0f} + {_SHRINK_SALES:.0f} × {prior:,.0f}) ÷ {own.n + 5}"
    elif condition is not None:
        front = prior
        kind = "new" if is_new(segment) else "used"
        formula = f"average of {condition.n} {kind} sales"
        caveats.append("none of this segment sold here yet: the store's average gross is used")
    else:
        front, formula = fallback, f"default margin of {parameters.default_margin:.0%} of the price"
        caveats.append("no sales history: the default margin is used")
    gross = ExpectedGross(
        front=front,
        back=back,
        cost=cost,
        n=own.n if own else 0,
        front_formula=formula,
        cost_formula=cost_formula,
        caveats=tuple(caveats),
    )
    if own is None or own.typical is None or is_new(segment):
        return gross
    return _as_of_today(gross, todays_price(own.typical, lookup.markets.get((dealer_id, segment)), lookup.as_of))


def _as_of_today(gross: ExpectedGross, today: TodaysPrice | None) -> ExpectedGross:
    """Bring cost and gross down with the market; what is lost on each car is not less for it."""
    if today is None:
        return gross
    scale = f" × {today.scale:.1%} for today's market"
    return replace(
        gross,
        cost=gross.cost * today.scale,
        front=min(gross.front, gross.front * today.scale),
        cost_formula=gross.cost_formula + scale,
        front_formula=gross.front_formula + (scale if gross.front > 0 else ""),
        today=today,
    )
