"""A tenant's book arranged so that each fact is found at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.recommend.domain.book import UnitStatus, is_new

if TYPE_CHECKING:
    from services.recommend.domain.book import (
        GrossHistory,
        Rooftop,
        SegmentDemand,
        SegmentMarket,
        TenantBook,
        Unit,
    )

Shelf = tuple[str, str]
"""A dealer id and a segment."""


class UnknownRooftopError(LookupError):
    """A unit, market, demand or history names a rooftop that the book has not got."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """The book by rooftop and by shelf (rooftop and segment)."""

    rooftops: dict[str, Rooftop]
    markets: dict[Shelf, SegmentMarket]
    demands: dict[Shelf, SegmentDemand]
    grosses: dict[tuple[str, str], GrossHistory]
    in_stock: tuple[Unit, ...]
    on_hand: Counter[Shelf]
    inbound: Counter[Shelf]
    units_by_shelf: dict[Shelf, tuple[Unit, ...]]

    def history(self, dealer_id: str, segment: str) -> tuple[GrossHistory | None, GrossHistory | None]:
        """Give the gross history of a segment at a rooftop, and that of its whole condition there."""
        condition = "new" if is_new(segment) else "used"
        return self.grosses.get((dealer_id, segment)), self.grosses.get((dealer_id, condition))

    def sisters(self, dealer_id: str) -> list[Rooftop]:
        """List the other rooftops that count in the same currency, in the order of the book."""
        here = self.rooftops[dealer_id]
        return [
            rooftop
            for rooftop in self.rooftops.values()
            if rooftop.dealer_id != dealer_id and rooftop.currency == here.currency
        ]


def look_up(book: TenantBook) -> Lookup:
    """Arrange a book.

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
    for unit in book.units:
        shelf = (unit.dealer_id, unit.segment)
        shelves.setdefault(shelf, []).append(unit)
        (on_hand if unit.status is UnitStatus.IN_STOCK else inbound)[shelf] += unit.quantity
    return Lookup(
        rooftops=rooftops,
        markets={(each.dealer_id, each.segment): each for each in book.markets},
        demands={(each.dealer_id, each.segment): each for each in book.demands},
        grosses={(each.dealer_id, each.scope): each for each in book.grosses},
        in_stock=tuple(unit for unit in book.units if unit.status is UnitStatus.IN_STOCK),
        on_hand=on_hand,
        inbound=inbound,
        units_by_shelf={shelf: tuple(units) for shelf, units in shelves.items()},
    )
