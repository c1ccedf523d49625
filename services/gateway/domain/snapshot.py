"""What a row of an inventory snapshot means, given what is known of the vehicle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

STILL_LISTED_DAYS = 10
"""Adverts outlive their cars: one sold this recently is a stale advert, not a new arrival."""
LARGEST_LOSS = 0.30
"""A snapshot that lacks more of the known stock than this is taken for a broken feed."""
GRACE_DAYS = 2
"""A vehicle has departed once the snapshots of this many days in a row lack it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the read model holds of a vehicle; ``here`` tells whether it stands at the snapshot's rooftop."""

    status: str
    here: bool
    exit_date: date | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """The event a row amounts to; None for no news. ``stale`` marks an advert of a car that was sold."""

    kind: str | None
    facts: Mapping[str, Any]
    stale: bool = False


def step(known: Known | None, row: Mapping[str, Any], as_of: date, *, opening: bool = False) -> Step:
    """Decide what a row says that is new; ``row`` holds only the fields that the file stated.

    ``opening``: nothing was known of the rooftop before. A vehicle without a stock date was then not stocked
    today but at some time nobody told; later on, one that is new to the feed came with it.
    """
    if known is None:
        return Step("vehicle.updated" if opening and "stock_date" not in row else "vehicle.stocked", row)
    if known.status == "in_stock":
        return _still_in_stock(known, row)
    if known.status == "on_order":
        return Step("order.received", row)
    gone = known.exit_date
    was_sold = known.status in {"sold", "wholesaled"}
    if was_sold and gone and (as_of - gone).days <= STILL_LISTED_DAYS:
        return Step(None, {}, stale=True)
    return Step("vehicle.stocked", row)


def _still_in_stock(known: Known, row: Mapping[str, Any]) -> Step:
    if not known.here:
        return Step("vehicle.transferred", row)
    changed = {name: value for name, value in row.items() if not _same(known.facts.get(name), value)}
    if not changed:
        return Step(None, {})
    return Step("vehicle.priced" if set(changed) == {"list_price"} else "vehicle.updated", changed)


def too_many_missing(known: int, missing: int) -> bool:
    """Tell whether a snapshot lacks so much of the known stock that it is more likely broken than true."""
    return known > 0 and missing / known > LARGEST_LOSS


def _same(old: Any, new: Any) -> bool:
    if old is None:
        return False
    if isinstance(new, Decimal):
        try:
            return Decimal(str(old)) == new
        except InvalidOperation:
            return False
    return str(old) == str(new)
