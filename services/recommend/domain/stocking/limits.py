"""The limits on what a rooftop may hold and buy, each as a sum over its segments with the room that is left."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING

from services.recommend.domain.book import UnitStatus, is_new
from services.recommend.domain.financed import financed
from services.recommend.domain.rules import brand_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.recommend.domain.book import Rooftop
    from services.recommend.domain.lookup import Lookup, Shelf
    from services.recommend.domain.stocking.position import Position


class LimitKind(StrEnum):
    """What is limited."""

    FLOORPLAN = "floorplan line"
    SLOTS = "lot"
    ALLOCATION = "allocation"
    BRAND_UNITS = "most units of the brand"
    BRAND_SHARE = "largest share of the brand"
    SEGMENT_UNITS = "most units of the segment"
    SEGMENT_SHARE = "largest share of the segment"
    DAYS_SUPPLY = "most days' supply"


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit at one rooftop: units that come take ``weights`` of its room, by segment.

    ``allowed`` and ``used`` are in units, or in money for the floorplan line; of a share ``allowed`` is the
    fraction. Room below 0 means that it is broken already: then nothing may come.
    """

    kind: LimitKind
    dealer_id: str
    subject: str
    weights: Mapping[str, float]
    allowed: float
    used: float
    room: float
    orders_only: bool = False

    @property
    def excess(self) -> float:
        """Give by how much it is broken already; 0 where it is kept."""
        return max(0.0, -self.room)


@dataclass(frozen=True, slots=True)
class Departures:
    """What today's advice has arriving at each shelf and leaving it; ``money`` is the cost moved, by dealer."""

    arriving: Counter[Shelf] = field(default_factory=Counter)
    leaving: Counter[Shelf] = field(default_factory=Counter)
    money: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


def limits_of(lookup: Lookup, positions: Sequence[Position], departures: Departures | None = None) -> list[Limit]:
    """List every limit of every rooftop, given the units that come and go today."""
    moved = departures or Departures()
    shelves: dict[str, list[Position]] = {}
    for position in positions:
        shelves.setdefault(position.rooftop.dealer_id, []).append(position)
    found: list[Limit] = []
    for rooftop in lookup.rooftops.values():
        own = shelves.get(rooftop.dealer_id, [])
        if own:
            stock = _stock(lookup, rooftop, moved)
            found += [*_money_and_places(lookup, rooftop, own, stock, moved), *_brands(lookup, rooftop, own, stock)]
            found += _segments(rooftop, own, stock)
    return found


def _stock(lookup: Lookup, rooftop: Rooftop, moved: Departures) -> Counter[str]:
    """Count what a rooftop has by segment, on the way and today's moves included."""
    stock: Counter[str] = Counter()
    for counts, sign in ((lookup.owned, 1), (moved.arriving, 1), (moved.leaving, -1)):
        for (dealer_id, segment), count in counts.items():
            if dealer_id == rooftop.dealer_id:
                stock[segment] += sign * count
    return stock


def _money_and_places(
    lookup: Lookup, rooftop: Rooftop, own: Sequence[Position], stock: Counter[str], moved: Departures
) -> list[Limit]:
    parameters, dealer_id = rooftop.parameters, rooftop.dealer_id
    found = []
    if parameters.floorplan_line is not None:
        shelves = (units for (owner, _), units in lookup.units_by_shelf.items() if owner == dealer_id)
        used = financed(chain.from_iterable(shelves), parameters) + moved.money[dealer_id]
        costs = {position.segment: float(math.ceil(position.gross.cost)) for position in own}
        room = parameters.floorplan_line - used
        found.append(Limit(LimitKind.FLOORPLAN, dealer_id, "", costs, parameters.floorplan_line, used, room))
    if parameters.lot_slots is not None:
        units = dict.fromkeys((position.segment for position in own), 1.0)
        used = float(stock.total())
        room = parameters.lot_slots - used
        found.append(Limit(LimitKind.SLOTS, dealer_id, "", units, parameters.lot_slots, used, room))
    return found


def _brands(lookup: Lookup, rooftop: Rooftop, own: Sequence[Position], stock: Counter[str]) -> list[Limit]:
    found, dealer_id = [], rooftop.dealer_id
    for brand, rule in sorted(rooftop.rules.brands.items()):
        mine = [position.segment for position in own if brand_of(position.segment) == brand]
        if not mine:
            continue
        held = float(sum(count for segment, count in stock.items() if brand_of(segment) == brand))
        if rule.max_units is not None:
            found.append(_count(LimitKind.BRAND_UNITS, dealer_id, brand, mine, rule.max_units, held))
        if rule.max_share is not None:
            found.append(_share(LimitKind.BRAND_SHARE, dealer_id, brand, mine, own, rule.max_share, held, stock))
        new = [segment for segment in mine if is_new(segment)]
        if rule.allocates and new:
            allowed = (rule.allocation or 0) + rule.earned(lookup.brand_sales.get((dealer_id, brand), 0))
            ordered = float(
                sum(
                    unit.quantity
                    for (owner, segment), units in lookup.units_by_shelf.items()
                    if owner == dealer_id and is_new(segment) and brand_of(segment) == brand
                    for unit in units
                    if unit.status is UnitStatus.ON_ORDER
                )
            )
            weights = dict.fromkeys(new, 1.0)
            room = allowed - ordered
            found.append(
                Limit(LimitKind.ALLOCATION, dealer_id, brand, weights, allowed, ordered, room, orders_only=True)
            )
    return found


def _segments(rooftop: Rooftop, own: Sequence[Position], stock: Counter[str]) -> list[Limit]:
    found, dealer_id, rules = [], rooftop.dealer_id, rooftop.rules
    for position in own:
        segment, held = position.segment, float(stock[position.segment])
        rule = rules.segments.get(segment)
        if rule is not None and rule.max_units is not None:
            found.append(_count(LimitKind.SEGMENT_UNITS, dealer_id, segment, [segment], rule.max_units, held))
        if rule is not None and rule.max_share is not None:
            found.append(
                _share(LimitKind.SEGMENT_SHARE, dealer_id, segment, [segment], own, rule.max_share, held, stock)
            )
        if rules.max_days_supply is not None:
            allowed = math.floor(rules.max_days_supply * position.demand_per_day)
            found.append(_count(LimitKind.DAYS_SUPPLY, dealer_id, segment, [segment], allowed, held))
    return found


def _count(
    kind: LimitKind, dealer_id: str, subject: str, segments: Sequence[str], allowed: float, held: float
) -> Limit:
    return Limit(kind, dealer_id, subject, dict.fromkeys(segments, 1.0), allowed, held, allowed - held)


def _share(
    kind: LimitKind,
    dealer_id: str,
    subject: str,
    mine: Sequence[str],
    own: Sequence[Position],
    allowed: float,
    held: float,
    stock: Counter[str],
) -> Limit:
    """Write held + coming of mine <= share * (all held + all coming); where it is broken, none of mine may come."""
    total = float(stock.total())
    room = allowed * total - held
    weights = dict.fromkeys((position.segment for position in own), -allowed) if room >= 0 else {}
    weights |= dict.fromkeys(mine, 1.0 - allowed if room >= 0 else 1.0)
    return Limit(kind, dealer_id, subject, weights, allowed, held, room)
