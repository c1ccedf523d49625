"""Between the published language and inventory's own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from uuid import UUID

from services.inventory.domain import Change, Dealer, Life, Vehicle, newest_in
from shared.events import (
    AskingPrice,
    DmsEventReceived,
    InventoryUpdated,
    ReportedFields,
    VehicleStatus,
    ordered_id,
    segment_key,
    usual_odometer_unit,
)
from shared.events.vin import Vin, decode

_FACTS = set(ReportedFields.model_fields)
_PUBLISHED = set(InventoryUpdated.model_fields) & set(Vehicle.__dataclass_fields__) - {
    "status",
    "received_at",
}


def change_of(event: DmsEventReceived) -> Change:
    """Read a DMS event as a change of a vehicle, filling make and model year from the VIN where absent."""
    told = vars(event)
    facts = {name: value for name in _FACTS if (value := told[name]) is not None}
    if event.vin and ("make" not in facts or "model_year" not in facts):
        known = decode(Vin(event.vin), event.occurred_at.year)
        for name, value in (("make", known.make), ("model_year", known.model_year)):
            if value is not None:
                facts.setdefault(name, value)
    return Change(event.event_id, event.occurred_at, event.kind.value, event.dealer_id, facts, event.received_at)


def order_key(event: DmsEventReceived) -> str:
    """Key a vehicle on order, which may have no VIN yet; order numbers are a rooftop's own."""
    return f"order:{event.dealer_id}:{event.subject or event.stock_number or event.source_event_id}"


def updates(
    tenant_id: UUID, life: Life, dealers: Mapping[tuple[UUID, UUID], Dealer], changes: Sequence[Change]
) -> Iterator[InventoryUpdated]:
    """Publish how stays ended that are over, and then how the vehicle stands."""
    for ended in life.ended:
        about = [change for change in changes if change.order <= newest_in(ended.vehicle)]
        yield inventory_updated(tenant_id, ended.vehicle, dealers, about, followed_on=ended.followed_on)
    yield inventory_updated(tenant_id, life.vehicle, dealers, changes)


def inventory_updated(
    tenant_id: UUID,
    vehicle: Vehicle,
    dealers: Mapping[tuple[UUID, UUID], Dealer],
    changes: Iterable[Change],
    *,
    followed_on: date | None = None,
) -> InventoryUpdated:
    """Publish a state of a vehicle; ``followed_on`` where that stay is over."""
    # A rooftop that never reported anything itself (a transfer's destination) borrows its sister's facts.
    sisters = (dealer for dealer in dealers.values() if dealer.tenant_id == tenant_id)
    dealer = dealers.get((tenant_id, vehicle.dealer_id)) or next(sisters)
    name = dealer.name if dealer.dealer_id == vehicle.dealer_id else "a sister store"
    everything = vars(vehicle)
    state = {name: everything[name] for name in _PUBLISHED}
    state["price_history"] = tuple(AskingPrice(on=on, price=price) for on, price in vehicle.price_history)
    if vehicle.odometer is not None and vehicle.odometer_unit is None:
        state["odometer_unit"] = usual_odometer_unit(dealer.currency)
    known = vehicle.make is not None and vehicle.model is not None
    received_at = vehicle.received_at or vehicle.last_at
    return InventoryUpdated.of_valid(
        **state,
        event_id=ordered_id(received_at, "inventory-updated", tenant_id, vehicle.vehicle_key, vehicle.version),
        occurred_at=vehicle.last_at,
        tenant_id=tenant_id,
        aggregate_version=vehicle.version,
        status=VehicleStatus(vehicle.status.value),
        changes=tuple(dict.fromkeys(change.kind for change in changes)),
        received_at=received_at,
        followed_on=followed_on,
        dealer_name=name,
        currency=dealer.currency,
        region=dealer.region,
        segment=segment_key(vehicle.condition, vehicle.make or "", vehicle.model or "") if known else None,
    )
