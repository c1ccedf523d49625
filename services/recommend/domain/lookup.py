"""A tenant's book arranged so that each fact is found at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.recommend.domain.book import UnitStatus, is_new
from services.recommend.domain.financed import financed
from services.recommend.domain.shelf_pull import crowd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from services.recommend.domain.book import (
        GrossHistory,
        Rooftop,
        SegmentDemand,
        SegmentMarket,
        TenantBook,
        Unit,
    )
    from services.recommend.domain.shelf_pull import Crowd
    from services.recommend.domain.time_to_sale import HazardModel

_FULL = 0.9
Shelf = tuple[str, str]
"""A dealer id and a segment."""


class UnknownRooftopError(LookupError):
    """A unit, market, demand or history names a rooftop that the book has not got."""


@dataclass(frozen=True, slots=True)
class OpenLane:
    """The way between two rooftops: cost per unit, and days."""

    cost: float
    days: float


@dataclass(frozen=True, slots=True)
class Lookup:
    """The book by rooftop and by shelf (rooftop and segment)."""

    as_of: date
    rooftops: dict[str, Rooftop]
    markets: dict[Shelf, SegmentMarket]
    demands: dict[Shelf, SegmentDemand]
    grosses: dict[tuple[str, str], GrossHistory]
    in_stock: tuple[Unit, ...]
    on_hand: Counter[Shelf]
    """In stock and not promised to a customer."""
    inbound: Counter[Shelf]
    """On the way, and not promised."""
    held: Counter[Shelf]
    """Of those on hand, the ones that are kept from sale for now."""
    owned: Counter[Shelf]
    """All that is in stock or on the way: what limits count."""
    units_by_shelf: dict[Shelf, tuple[Unit, ...]]
    brand_sales: dict[tuple[str, str], int]
    pace: HazardModel | None
    sellers: frozenset[str]
    """Rooftops with a retail sale on record."""
    full: frozenset[str]
    """Rooftops whose lot or floorplan line is all but used up."""
    crowds: Mapping[Shelf, Crowd]
    """What the shoppers of each shelf see there; none of shelves whose shoppers were not learned."""

    def showing(self, crowds: Mapping[Shelf, Crowd]) -> Lookup:
        """Give it with other crowds on some shelves."""
        return replace(self, crowds={**self.crowds, **crowds})

    def history(self, dealer_id: str, segment: str) -> tuple[GrossHistory | None, GrossHistory | None]:
        """Give the gross history of a segment at a rooftop, and that of its whole condition there."""
        condition = "new" if is_new(segment) else "used"
        return self.grosses.get((dealer_id, segment)), self.grosses.get((dealer_id, condition))

    def lane(self, giver: str, receiver: str) -> OpenLane | None:
        """Give what sending a unit costs and how long it takes; nothing where none may be sent.

        Cost is in the currency that both have to share. The giver's rules come before the receiver's
        parameters.
        """
        here, there = self.rooftops[giver], self.rooftops[receiver]
        if giver == receiver or here.currency != there.currency:
            return None
        if not (here.rules.transfers and there.rules.transfers):
            return None
        ruled, usual = here.rules.lanes.get(receiver), there.parameters
        if ruled is None:
            return OpenLane(usual.transport_cost, usual.transport_days)
        if not ruled.is_open:
            return None
        return OpenLane(
            usual.transport_cost if ruled.cost is None else ruled.cost,
            usual.transport_days if ruled.days is None else ruled.days,
        )


def look_up(book: TenantBook, as_of: date) -> Lookup:
    """Arrange a book as of a day.

    Raises:
        UnknownRooftopError: if anything in it names a rooftop that is not among its rooftops.
    """
    rooftops = {rooftop.dealer_id: rooftop for rooftop in book.rooftops}
    named = [each.dealer_id for group in (book.units, book.markets, book.demands, book.grosses) for each in group]
    if unknown := sorted(set(named) - set(rooftops)):
        message = f"tenant {book.tenant_id}: no rooftop {', '.join(unknown)}; add it to the book's rooftops"
        raise UnknownRooftopError(message)
    shelves: dict[Shelf, list[Unit]] = {}
    on_hand: Counter[Shelf] = Counter()
    inbound: Counter[Shelf] = Counter()
    held: Counter[Shelf] = Counter()
    owned: Counter[Shelf] = Counter()
    for unit in book.units:
        shelf = (unit.dealer_id, unit.segment)
        shelves.setdefault(shelf, []).append(unit)
        owned[shelf] += unit.quantity
        if unit.promised:
            continue
        (on_hand if unit.status is UnitStatus.IN_STOCK else inbound)[shelf] += unit.quantity
        if unit.status is UnitStatus.IN_STOCK and unit.set_aside is not None:
            held[shelf] += unit.quantity
    markets = {(each.dealer_id, each.segment): each for each in book.markets}
    return Lookup(
        as_of=as_of,
        rooftops=rooftops,
        markets=markets,
        demands={(each.dealer_id, each.segment): each for each in book.demands},
        grosses={(each.dealer_id, each.scope): each for each in book.grosses},
        in_stock=tuple(unit for unit in book.units if unit.status is UnitStatus.IN_STOCK),
        on_hand=on_hand,
        inbound=inbound,
        held=held,
        owned=owned,
        units_by_shelf={shelf: tuple(units) for shelf, units in shelves.items()},
        brand_sales={(each.dealer_id, each.brand): each.units for each in book.brand_sales},
        pace=book.pace,
        sellers=frozenset(
            [each.dealer_id for each in book.demands if each.units_sold]
            + [each.dealer_id for each in book.grosses if each.n]
        ),
        full=frozenset(rooftop.dealer_id for rooftop in book.rooftops if _is_full(rooftop, book.units)),
        crowds=_crowds(book, shelves, markets, as_of),
    )


def _crowds(
    book: TenantBook, shelves: Mapping[Shelf, Sequence[Unit]], markets: Mapping[Shelf, SegmentMarket], as_of: date
) -> dict[Shelf, Crowd]:
    if book.attraction is None:
        return {}
    told = {*shelves, *((each.dealer_id, each.segment) for each in book.demands)}
    seen = {
        shelf: crowd(book.attraction, shelf, shelves.get(shelf, ()), markets.get(shelf), as_of)
        for shelf in sorted(told)
    }
    return {shelf: found for shelf, found in seen.items() if found is not None}


def _is_full(rooftop: Rooftop, units: Sequence[Unit]) -> bool:
    """Tell whether the lot or the floorplan line has less than a tenth left; never where neither is limited."""
    own = [unit for unit in units if unit.dealer_id == rooftop.dealer_id]
    slots, line = rooftop.parameters.lot_slots, rooftop.parameters.floorplan_line
    standing = sum(unit.quantity for unit in own)
    used = financed(own, rooftop.parameters)
    return (slots is not None and standing > _FULL * slots) or (line is not None and used > _FULL * line)
