"""STAR ``InventoryVehicle``: a vehicle as it stands in a dealer's stock.

Source: github.com/starstandard/automotive, domain/inventory_vehicle/api/vehicle (``Vehicle``,
``VehicleSpecification``, ``VehiclePriceSummary``, ``Price``, ``InventoryStatusTypes``, ``ProductStateTypes``).
Not said there and assumed: each type of price stands in a ``VehiclePriceSummary`` of its own; INTERNET is the
asking price, before RETAIL, SALE and LIST; ``value``, which is before tax, counts before ``total_amount``; a status
that means stock is ``vehicle.stocked``, which changes nothing for a vehicle that is in stock already; the document
is no event, so the envelope or the delivery names and dates it. ``original_sold_date`` is of a vehicle's first sale
and not read: sales come as ``RetailDeliveryReport``.
"""

from services.gateway.adapters.layout import Kind, at
from services.gateway.adapters.table import Table
from services.gateway.adapters.transforms import (
    among,
    condition,
    day,
    money,
    odometer,
    odometer_unit,
    whole,
)

_FOR_SALE = ("RECEIVED", "PREPARATION", "STOCKED_IN", "AVAILABLE", "ON_DEALER_LOT", "ON_CENTRAL_LOT")
_PROMISED = ("RESERVED", "PRE_SOLD")
_HELD = ("ON_HOLD", "SALES_HOLD", "SERVICE_HOLD", "RECALL_HOLD", "DAMAGED", "UNAVAILABLE")
_AVAILABILITY = {
    **dict.fromkeys(_PROMISED, "pending"),
    **dict.fromkeys(_HELD, "held"),
    **dict.fromkeys(_FOR_SALE, "available"),
}
_STATUS = ("inventory_status_types", "inventory_status", "inventory_status_type")
_LISTS = "vehicle_price_summaries|vehicle_price_summary|price_summary"


def price(*types: str) -> tuple[str, ...]:
    """Give the paths of a price of one of these types, the most meant first."""
    return tuple(
        path
        for kind in types
        for path in (
            f"{_LISTS}[price.price_types={kind}].price.value|total_amount",
            f"{_LISTS}[price_code={kind}].price.value|total_amount",
            f"{_LISTS}.prices[price_types={kind}].value|total_amount",
        )
    )


def said(*names: str) -> tuple[str, ...]:
    """Give the paths of a fact of the vehicle: on itself, in its identifier, in its specification."""
    return tuple(
        f"{place}{name}" for place in ("", "vehicle_identifier.", "vehicle_specification.") for name in names
    )


ADAPTER = Table(
    name="star_inventory_vehicle",
    root="InventoryVehicle|Vehicle",
    kind=Kind(
        paths=_STATUS,
        codes={
            "SOLD": "vehicle.sold",
            "WHOLESALE": "vehicle.wholesaled",
            "DISPOSAL": "vehicle.departed",
            "RETURNED": "vehicle.departed",
            "ON_ORDER": "order.placed",
            "ASSIGNED_BY_MANUFACTURER": "order.placed",
            "IN_TRANSIT": "order.placed",
            **dict.fromkeys(_AVAILABILITY, "vehicle.stocked"),
        },
        otherwise="vehicle.updated",
    ),
    subject=said("vin", "stock_number"),
    dealer=("dealer_code", "dealer.dealer_code", "dealer.dealer_key"),
    currency=(
        "vehicle_price_summaries.price.currency_code", "vehicle_price_summary.price.currency_code",
        "price_summary.locale.currency_code",
    ),
    fields={
        "availability": at(*_STATUS, read=among(_AVAILABILITY), first=("pending", "held")),
        "vin": at(*said("vin")),
        "stock_number": at(*said("stock_number")),
        "condition": at("product_state_type", *said("condition"), read=condition),
        "model_year": at(*said("model_year"), read=whole),
        "make": at(*said("make", "primary_make", "brand")),
        "model": at(*said("model", "primary_model")),
        "trim": at(*said("trim")),
        "body": at(*said("body_style", "vehicle_body_style_types")),
        "drivetrain": at(*said("drive_train")),
        "fuel": at(*said("fuel_types", "fuel_type")),
        "exterior_color": at(*said("exterior_color.marketing_name", "exterior_color.desc_color", "exterior_color")),
        "odometer": at(*said("odometer.value"), read=odometer),
        "odometer_unit": at(*said("odometer.uom"), read=odometer_unit),
        "msrp": at(*price("TOTAL_MSRP", "MSRP", "BASE_MSRP"), read=money),
        "invoice": at(*price("TOTAL_DEALER_COST", "INVOICE"), read=money),
        "cost": at(*price("DEALER_COST", "LANDED", "PURCHASE"), read=money),
        "recon_cost": at(*price("RECONDITIONING_COST"), read=money),
        "list_price": at(*price("INTERNET", "RETAIL", "SALE", "LIST"), read=money),
        "stock_date": at("stock_date_time", "stock_date", read=day),
    },
)  # fmt: skip
