"""The product's own advice, followed to the letter by a dealer who reads it once a week."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.closed_loop.book import Bookkeeper, dealer
from bench.closed_loop.catalogue import SEGMENTS
from bench.closed_loop.conditions import calendar
from bench.closed_loop.group import Orders, Wish
from services.recommend.domain import Action, Parameters, advise

if TYPE_CHECKING:
    from bench.closed_loop.feed import MarketFeed
    from bench.closed_loop.group import Group
    from bench.closed_loop.physics import Physics
    from services.recommend.domain import Advice


@dataclass(frozen=True, slots=True)
class Doso:
    """Reprices, wholesales, transfers and buys as advised; ``followed`` counts the pieces by action."""

    feed: MarketFeed
    parameters: Parameters
    opening_to_market: float = 1.02
    followed: Counter[str] = field(default_factory=Counter)
    name: str = "DOSO"

    def review(self, group: Group, day: int) -> Orders:
        """Ask for advice on the group as of a day and do all of it."""
        book = Bookkeeper(self.feed, self.parameters).book(group, day)
        orders = Orders()
        for advice in advise(book, calendar(day)):
            self.followed[advice.action.value] += 1
            _follow(advice, orders)
        return orders


def store_parameters(physics: Physics) -> Parameters:
    """Give the engine's defaults with what a store knows of itself: its costs, its lot, its line."""
    return Parameters(
        floorplan_apr=physics.floorplan_apr,
        overhead_per_day=physics.overhead_per_day,
        transport_cost=physics.transport_cost,
        transport_days=physics.transport_days,
        wholesale_fee=physics.wholesale_fee,
        lead_days_used=physics.lead_days,
        lot_slots=physics.lot_slots,
        floorplan_line=physics.floorplan_line,
    )


def _follow(advice: Advice, orders: Orders) -> None:
    rooftop = int(advice.dealer_id.rpartition("-")[2])
    if advice.action in (Action.ACQUIRE, Action.ORDER):
        quantity = advice.quantity or 0
        wish = Wish(rooftop, SEGMENTS.index(advice.segment), quantity, advice.value / max(1, quantity))
        orders.wishes.append(wish)
        return
    if advice.vehicle_key is None:
        return
    serial = int(advice.vehicle_key)
    if advice.action is Action.WHOLESALE:
        orders.wholesale.append(serial)
    elif advice.action is Action.TRANSFER and advice.destination_dealer_id is not None:
        destination = int(advice.destination_dealer_id.removeprefix(dealer(0)[:-1]))
        orders.transfers[serial] = (destination, advice.price)
    elif advice.action is Action.REPRICE and advice.price is not None:
        orders.prices[serial] = advice.price
