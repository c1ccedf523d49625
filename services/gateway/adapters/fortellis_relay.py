"""CDK Fortellis Event Relay: events of any DMS behind it, posted to ``…/event/{channel}``.

Source: Fortellis/Fortellis-Event-Relay-Webhook (OpenAPI): ``POST /event/{channel}`` with the headers
``Fortellis-Event-Id`` (given at receipt; what makes a repetition one), ``Data-Owner-Id`` (the dealer's
organisation, to be entered in the source's dealer codes), ``X-Request-Id`` and ``Authorization`` (RFC 7617); 202 is
success, and any other answer holds the event's partition and is tried again. Order is kept within a partition key
only, which the sender chooses; events without a time of their own take the moment they arrive.
Not said there and assumed: the payload, which the relay passes on unread and each channel's AsyncAPI document
describes. Read here are the common spellings of a vehicle, wherever ``vehicle`` puts it, and ``eventType``.
"""

from services.gateway.adapters.layout import Kind, at
from services.gateway.adapters.table import Table
from services.gateway.adapters.transforms import (
    condition,
    day,
    money,
    odometer,
    odometer_unit,
    purchase_type,
    whole,
)
from shared.events import DmsEventKind

_WORDS = {
    "vehicle.stocked": ("VEHICLE_STOCKED", "VEHICLE_ADDED", "VEHICLE_CREATED", "STOCKED", "ADDED", "CREATED"),
    "vehicle.updated": ("VEHICLE_UPDATED", "VEHICLE_CHANGED", "UPDATED", "CHANGED"),
    "vehicle.priced": ("VEHICLE_PRICED", "PRICE_CHANGED", "PRICED"),
    "vehicle.sold": ("VEHICLE_SOLD", "DEAL_FINALIZED", "SOLD"),
    "vehicle.sale_unwound": ("VEHICLE_SALE_UNWOUND", "DEAL_UNWOUND", "UNWOUND"),
    "vehicle.wholesaled": ("VEHICLE_WHOLESALED", "WHOLESALED", "WHOLESALE"),
    "vehicle.departed": ("VEHICLE_REMOVED", "VEHICLE_DELETED", "REMOVED", "DELETED"),
}


def of_vehicle(*names: str) -> tuple[str, ...]:
    """Give the paths of a fact of the vehicle: in the object called that, or beside it."""
    return tuple(names) + tuple(f"/{name}" for name in names) + tuple(f"/data.{name}" for name in names)


ADAPTER = Table(
    name="fortellis_relay",
    root="Vehicle",
    relay=True,
    id_header="fortellis-event-id",
    dealer_header="data-owner-id",
    kind=Kind(
        paths=("/event_type", "/type", "/event_name", "/action", "/data.event_type", "event_type"),
        codes={
            **{kind.value.upper(): kind.value for kind in DmsEventKind if kind is not DmsEventKind.TRANSFERRED},
            **{word: kind for kind, words in _WORDS.items() for word in words},
        },
    ),
    time=("/event_time", "/occurred_at", "/event_date_time", "/timestamp", "/data.occurred_at"),
    subject=of_vehicle("vin", "stock_number", "stock_no"),
    dealer=("/data_owner_id", "/dealer_code", "/dealer_id"),
    currency=("/currency_code", "/currency"),
    fields={
        "vin": at(*of_vehicle("vin")),
        "stock_number": at(*of_vehicle("stock_number", "stock_no")),
        "condition": at(*of_vehicle("condition", "inventory_type", "new_used"), read=condition),
        "model_year": at(*of_vehicle("model_year", "year"), read=whole),
        "make": at(*of_vehicle("make", "make_name")),
        "model": at(*of_vehicle("model", "model_name")),
        "trim": at(*of_vehicle("trim", "trim_level")),
        "body": at(*of_vehicle("body_style", "body")),
        "exterior_color": at(*of_vehicle("exterior_color", "exterior_color_description")),
        "odometer": at(*of_vehicle("odometer.value", "odometer", "mileage"), read=odometer),
        "odometer_unit": at(*of_vehicle("odometer.unit", "odometer_unit", "mileage_unit"), read=odometer_unit),
        "msrp": at(*of_vehicle("msrp"), read=money),
        "invoice": at(*of_vehicle("invoice_price", "invoice_amount"), read=money),
        "cost": at(*of_vehicle("cost", "inventory_cost"), read=money),
        "list_price": at(*of_vehicle("list_price", "internet_price", "selling_price"), read=money),
        "stock_date": at(*of_vehicle("stock_date", "inventory_date", "entry_date"), read=day),
        "sale_date": at(*of_vehicle("sale_date", "sold_date", "contract_date"), read=day),
        "sale_price": at(*of_vehicle("sale_price", "cash_price"), read=money),
        "purchase_type": at(*of_vehicle("sale_type", "deal_type", "purchase_type"), read=purchase_type),
        "front_gross": at(*of_vehicle("front_gross"), read=money),
        "back_gross": at(*of_vehicle("back_gross"), read=money),
    },
)
