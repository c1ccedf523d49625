"""What to buy: the most valuable units first, until the target, the floorplan line or the lot is full.

Every rooftop's gaps are filled from its sister stores before anything is bought. A purchase is worth what it
earns once it has landed: customers who come before that are lost, so no car is bought for them, and what is
bought today covers the days until the next review and on display. Because a further unit of a segment is
never worth more than the one before it, taking units in order of value per share of the scarcest resource
gives the best plan for one limit, and a good one for two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.newsvendor import later_need

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from services.recommend.domain.book import Rooftop
    from services.recommend.domain.lookup import Lookup, Shelf
    from services.recommend.domain.stock_position import Position


@dataclass(frozen=True, slots=True)
class ShadowPrice:
    """What one more place on the lot, or unit of money on the line, would be worth; 0 where not short."""

    per_slot: float = 0.0
    per_floorplan_unit: float = 0.0


@dataclass(frozen=True, slots=True)
class Purchase:
    """Units of a segment to order or acquire; ``values`` are the expected nets of each of them."""

    position: Position
    arriving: int
    available: int
    wanted: int
    values: tuple[float, ...]
    shadow: ShadowPrice

    @property
    def quantity(self) -> int:
        """Give how many to buy."""
        return len(self.values)

    @property
    def value(self) -> float:
        """Give the expected net of all of them over not buying."""
        return sum(self.values)

    @property
    def days_on_lot(self) -> float:
        """Give how long a unit stands at target, by Little's law: stock over demand per day."""
        position = self.position
        longest = position.rooftop.parameters.horizon_days
        if position.demand_per_day <= 0:
            return longest
        return min(longest, max(1.0, position.target / position.demand_per_day))


@dataclass(frozen=True, slots=True)
class _Candidate:
    position: Position
    value: float
    density: float


def purchase_values(position: Position, available: int) -> tuple[float, ...]:
    """Give the expected net of each unit worth buying, never rising, with ``available`` here or on the way.

    Each has to be worth the margin that any action is held to. Never beyond the position's target. A minimum
    presence is policy, and bought up to even at a loss.
    """
    count = position.target - available
    if count <= 0:
        return ()
    lead, after = np.array([position.lead_mean]), np.array([position.after_mean])
    needed = later_need(max(0, available), lead, after, position.demand.dispersion, count)[0]
    worth = position.economics
    values = needed * worth.underage - (1 - needed) * worth.overage
    presence = int(position.rooftop.parameters.minimum_presence) if position.demand.units_sold > 0 else 0
    wanted = max(int((values >= position.margin).sum()), min(count, presence - available))
    return tuple(float(value) for value in values[:wanted])


def plan_purchases(
    lookup: Lookup, positions: Sequence[Position], arriving: Counter[Shelf], leaving: Counter[Shelf]
) -> list[Purchase]:
    """Choose what each rooftop buys, given the transfers that arrive and the units that leave."""
    purchases = []
    for rooftop in lookup.rooftops.values():
        wishes = []
        for position in positions:
            shelf = (position.rooftop.dealer_id, position.segment)
            if shelf[0] == rooftop.dealer_id:
                available = position.on_hand + position.inbound + arriving[shelf] - leaving[shelf]
                values = purchase_values(position, available)
                wishes.append(Purchase(position, arriving[shelf], available, len(values), values, ShadowPrice()))
        purchases += _fill(wishes, *_room(lookup, rooftop, arriving, leaving))
    return purchases


def _room(
    lookup: Lookup, rooftop: Rooftop, arriving: Counter[Shelf], leaving: Counter[Shelf]
) -> tuple[float | None, float | None]:
    """Give the places and the money left; a moved unit's money is taken as its segment's own here."""
    parameters, dealer_id = rooftop.parameters, rooftop.dealer_id
    units = [unit for (owner, _), own in lookup.units_by_shelf.items() if owner == dealer_id for unit in own]
    moved = sum(arriving[shelf] - leaving[shelf] for shelf in arriving | leaving if shelf[0] == dealer_id)
    slots = line = None
    if parameters.lot_slots is not None:
        slots = parameters.lot_slots - sum(unit.quantity for unit in units) - moved
    if parameters.floorplan_line is not None:
        known = [(unit.total_cost, unit.quantity) for unit in units]
        used = sum(cost * quantity for cost, quantity in known if cost is not None)
        counted = sum(quantity for cost, quantity in known if cost is not None)
        average = used / counted if counted else 0.0
        blank = sum(quantity for cost, quantity in known if cost is None)
        line = parameters.floorplan_line - used - average * (blank + moved)
    return slots, line


def _fill(wishes: Sequence[Purchase], slots: float | None, line: float | None) -> list[Purchase]:
    candidates = sorted(
        (
            _Candidate(wish.position, value, _density(wish.position, value, slots, line))
            for wish in wishes
            for value in wish.values
        ),
        key=lambda each: (-each.density, each.position.segment),
    )
    taken: dict[str, list[float]] = {}
    per_slot = per_unit = 0.0
    for candidate in candidates:
        cost = candidate.position.gross.cost
        if slots is not None and slots < 1:
            per_slot = max(per_slot, candidate.value)
        elif line is not None and line < cost:
            per_unit = max(per_unit, candidate.value / cost)
        else:
            slots, line = _less(slots, 1), _less(line, cost)
            taken.setdefault(candidate.position.segment, []).append(candidate.value)
    shadow = ShadowPrice(per_slot, per_unit)
    return [
        replace(wish, values=tuple(taken[wish.position.segment]), shadow=shadow)
        for wish in wishes
        if wish.position.segment in taken
    ]


def _density(position: Position, value: float, slots: float | None, line: float | None) -> float:
    """Give value per share of the scarcest of what is left; plain value where nothing is limited."""
    shares = [1 / slots] if slots is not None and slots >= 1 else []
    if line is not None and line > 0:
        shares.append(position.gross.cost / line)
    return value / max(shares) if shares else value


def _less(left: float | None, by: float) -> float | None:
    return None if left is None else left - by
