"""What to buy: every rooftop's gaps weighed together, under every limit, sister stores' excess first.

The program is solved twice. The draft chooses transfers and purchases at once; its transfers are then paired
with actual units, and those that a real unit does not bear out fall away. With what really moves and leaves,
the quantities to buy are chosen again, each unit at its exact value. A purchase is worth what it earns once
it has landed: customers who come before that are lost, so no car is bought for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.book import is_new
from services.recommend.domain.stocking.flow_values import arrival_values, release_values
from services.recommend.domain.stocking.limits import Departures, limits_of
from services.recommend.domain.stocking.newsvendor import later_sales
from services.recommend.domain.stocking.program import Wish
from services.recommend.domain.stocking.solver import solve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.recommend.domain.lookup import Lookup, Shelf
    from services.recommend.domain.stocking.limits import Limit
    from services.recommend.domain.stocking.position import Position
    from services.recommend.domain.stocking.program import Plan, Way
    from services.recommend.domain.time_to_sale import Floats

_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Binding:
    """A limit that stands in the way of a further unit, and what one more unit of its room would bring."""

    limit: Limit
    worth: float


@dataclass(frozen=True, slots=True)
class Purchase:
    """Units of a segment to order or acquire; ``values`` are the expected nets of each of them."""

    position: Position
    arriving: int
    available: int
    wanted: int
    values: tuple[float, ...]
    bindings: tuple[Binding, ...]
    method: str

    @property
    def quantity(self) -> int:
        """Give how many to buy."""
        return len(self.values)

    @property
    def value(self) -> float:
        """Give the expected net of all of them over not buying."""
        return sum(self.values)

    @property
    def most_to_pay(self) -> float | None:
        """Give what a used car may cost, all in, to be worth buying; a new one's price is the maker's."""
        if is_new(self.position.segment):
            return None
        return self.position.gross.cost + max(0.0, self.value / self.quantity)

    @property
    def effects(self) -> float:
        """Give what their sales take from those beside them, never above 0; it is in the value."""
        position = self.position
        if position.shelf is None:
            return 0.0
        return -position.shelf.earned * float(position.shelf.prospects(self.available, self.quantity).taken.sum())

    @property
    def days_on_lot(self) -> float:
        """Give how long a unit stands: those bought by their prospects, else at target by Little's law."""
        position = self.position
        if position.shelf is not None:
            return max(1.0, float(position.shelf.prospects(self.available, self.quantity).days.mean()))
        longest = position.rooftop.parameters.horizon_days
        if position.demand_per_day <= 0:
            return longest
        return min(longest, max(1.0, position.target / position.demand_per_day))


@dataclass(frozen=True, slots=True)
class Clash:
    """Rules that cannot all be kept: a shelf ends ``missing`` units below the least, for want of room."""

    position: Position
    available: int
    bought: int
    missing: int
    bindings: tuple[Binding, ...]


def purchase_values(position: Position, available: int) -> tuple[float, ...]:
    """Give the expected net of each unit worth buying, never rising, with ``available`` here or on the way.

    Each has to be worth the margin that any action is held to. A rooftop that never sold anything is told to buy
    nothing: its demand and its gross would be guesses. Never beyond the position's target. The least
    to have is a rule, and bought up to even at a loss.
    """
    count = position.target - available
    if count <= 0:
        return ()
    if position.shelf is not None:
        values = position.shelf.marginal(available, count)
    else:
        values = _newsvendor_values(position, max(0, available), count)
    paying = int((values >= position.margin).sum()) if position.has_sold else 0
    wanted = max(paying, min(count, position.least - available))
    return tuple(float(value) for value in values[:wanted])


def _newsvendor_values(position: Position, there: int, count: int) -> Floats:
    """Give what each of the next units brings by the forecast, where no shoppers were learned."""
    lead, after = np.array([position.lead_mean]), np.array([position.after_mean])
    added = later_sales(there, lead, after, position.demand.dispersion, count, position.growth(there + count))[0]
    worth = position.economics
    values: Floats = added * worth.underage - (1 - added) * worth.overage
    return values


def draft_plan(lookup: Lookup, positions: Sequence[Position]) -> Plan:
    """Choose transfers and purchases of a whole group together, shelf by shelf."""
    shelves = {(position.rooftop.dealer_id, position.segment): position for position in positions}
    ways = _ways(lookup, shelves)
    giving, taking = {(way[0], way[2]) for way in ways}, {(way[1], way[2]) for way in ways}
    wishes = []
    for shelf, position in shelves.items():
        available = position.on_hand + position.inbound
        wishes.append(
            Wish(
                shelf,
                purchases=purchase_values(position, available),
                arrivals=arrival_values(position) if shelf in taking else (),
                releases=release_values(position) if shelf in giving else (),
                least=max(0, position.least - available),
            )
        )
    # A shelf without a forecast has nobody known to want what stands there.
    unwanted = {shelf: lookup.on_hand[shelf] - lookup.held[shelf] for shelf in sorted(giving - set(shelves))}
    wishes += [Wish(shelf, releases=(0.0,) * spare) for shelf, spare in unwanted.items()]
    return solve(wishes, ways, limits_of(lookup, positions))


def _ways(lookup: Lookup, shelves: Mapping[Shelf, Position]) -> dict[Way, float]:
    """List the ways from a shelf with excess to one with a gap; each costs transport and the margin to act."""
    wanting: dict[str, list[Position]] = {}
    for position in shelves.values():
        if position.gap:
            wanting.setdefault(position.segment, []).append(position)
    ways: dict[Way, float] = {}
    for (giver, segment), on_hand in sorted(lookup.on_hand.items()):
        giving = shelves.get((giver, segment))
        movable = on_hand - lookup.held[giver, segment]
        spare = giving.excess if giving else movable if (giver, segment) not in lookup.demands else 0
        for position in wanting.get(segment, ()) if spare else ():
            receiver = position.rooftop.dealer_id
            lane = lookup.lane(giver, receiver)
            if lane is not None:
                ways[giver, receiver, segment] = lane.cost + position.margin
    return ways


def plan_purchases(
    lookup: Lookup, positions: Sequence[Position], departures: Departures
) -> tuple[list[Purchase], list[Clash]]:
    """Choose what each rooftop buys, given the transfers that arrive and the units that leave.

    Gives the purchases, and the shelves whose least cannot be had within the limits.
    """
    limits = limits_of(lookup, positions, departures)
    wishes, known = [], {}
    for position in positions:
        shelf = (position.rooftop.dealer_id, position.segment)
        available = position.on_hand + position.inbound + departures.arriving[shelf] - departures.leaving[shelf]
        values = purchase_values(position, available)
        known[shelf] = (position, available, values)
        if values:
            wishes.append(Wish(shelf, purchases=values, least=max(0, position.least - available)))
    plan = solve(wishes, {}, limits)
    full = _full(limits, plan)
    purchases, clashes = [], []
    for shelf, (position, available, values) in known.items():
        bought = plan.bought.get(shelf, 0)
        bindings = full.get(shelf, ()) if bought < len(values) else ()
        if bought:
            arriving = departures.arriving[shelf]
            purchases.append(
                Purchase(position, arriving, available, len(values), values[:bought], bindings, plan.method)
            )
        if plan.missing.get(shelf):
            clashes.append(Clash(position, available, bought, plan.missing[shelf], bindings))
    return purchases, clashes


def _full(limits: Sequence[Limit], plan: Plan) -> dict[Shelf, tuple[Binding, ...]]:
    """Find for each shelf the limits that have no room for one more unit of it, the dearest first."""
    found: dict[Shelf, list[Binding]] = {}
    for number, limit in enumerate(limits):
        taken = sum(
            weight * plan.bought.get((limit.dealer_id, segment), 0) for segment, weight in limit.weights.items()
        )
        left = max(0.0, limit.room) - taken
        for segment, weight in limit.weights.items():
            if weight > left + _ROUNDING:
                binding = Binding(limit, plan.worth.get(number, 0.0))
                found.setdefault((limit.dealer_id, segment), []).append(binding)
    return {shelf: tuple(sorted(each, key=lambda one: -one.worth)) for shelf, each in found.items()}
