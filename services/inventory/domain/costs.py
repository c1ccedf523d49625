"""What a stay cost and was asked for: which of it the next one takes over, and what a sale made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.inventory.domain.asking import MOST_PRICES
from services.inventory.domain.ledger import FALLS_THROUGH, SOLD
from services.inventory.domain.vehicle import DESCRIPTION

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from services.inventory.domain.life import Change
    from services.inventory.domain.vehicle import Vehicle

_PAID = ("invoice", "cost", "recon_cost")
_BEGINNING = frozenset({"vehicle.stocked", "vehicle.transferred", "order.received"})
_SELLING = frozenset({"vehicle.sold", "vehicle.wholesaled"})


def described_by(vehicle: Vehicle, change: Change) -> dict[str, Any]:
    """Give what a report says of a vehicle; what it was invoiced for is its cost where no other cost is known.

    Once it is sold, what another rooftop paid for it, or what was paid for a later stay, is not what it had cost.
    """
    facts = change.facts
    described = {name: value for name, value in facts.items() if name in DESCRIPTION}
    if vehicle.status in SOLD and change.kind not in _BEGINNING | _SELLING and _of_another_stay(vehicle, change):
        return {name: value for name, value in described.items() if name not in _PAID}
    if change.kind in _SELLING:
        described["availability"] = None  # whom it was promised to has it
    if "invoice" in facts and "cost" not in facts and vehicle.cost in {None, vehicle.invoice}:
        described["cost"] = facts["invoice"]
    return described


def _of_another_stay(vehicle: Vehicle, change: Change) -> bool:
    since, left = change.facts.get("stock_date"), vehicle.exit_date
    return change.dealer_id != vehicle.dealer_id or (since is not None and left is not None and since > left)


def anew(vehicle: Vehicle, change: Change, since: date | None) -> Vehicle:
    """Begin another stay, with prices and shoppers of its own; and a cost, unless a deal may have fallen through.

    ``since``: its first day where that is told. One that had only vanished, and is told to be here since before, is
    at the same stay.
    """
    left = vehicle.exit_date
    if left is None:
        return vehicle.altered(price_history=())  # it was on order
    if since is not None and since <= left:
        return vehicle
    told = change.facts.get("availability")
    vehicle = vehicle.altered(price_history=(), list_price=None, priced_on=None, leads=None, availability=told)
    if since is None and change.on - left <= FALLS_THROUGH:
        return vehicle
    return paid_anew(vehicle, change)


def paid_anew(vehicle: Vehicle, change: Change) -> Vehicle:
    """Leave of what was paid only what a report tells, for it is the first of another stay."""
    facts = change.facts
    paid = {name: facts.get(name) for name in ("invoice", "recon_cost")}
    return vehicle.altered(**paid, cost=facts.get("cost", facts.get("invoice")))


def resumed(vehicle: Vehicle, before: Vehicle) -> Vehicle:
    """Join a stay to the one before it, which never ended: what was not told anew is as it was ``before``."""
    known = vars(before)
    kept = {name: known[name] for name in (*_PAID, "list_price", "priced_on", "leads") if vars(vehicle)[name] is None}
    first = vehicle.price_history[0][0] if vehicle.price_history else None
    asked = tuple(each for each in before.price_history if first is None or each[0] < first)
    return vehicle.altered(**kept, price_history=(*asked, *vehicle.price_history)[-MOST_PRICES:])


def worked_out(price: Decimal | None, vehicle: Vehicle) -> Decimal | None:
    """Give the front gross: price less cost and reconditioning; None where price or cost is not known."""
    if price is None or vehicle.cost is None:
        return None
    return price - vehicle.cost - (vehicle.recon_cost or 0)
