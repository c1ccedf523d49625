"""STAR ``RetailDeliveryReport``: a vehicle was delivered to its buyer.

Source: github.com/starstandard/automotive, domain/sales_operations (schema and examples ``rdr_*.json``): the
vehicle stands in ``vehicle`` or ``vehicle_identifier``, prices in ``vehicle.vehicle_price_summaries`` or
``vehicle_price_summary.price_summary.prices``, the dealer among ``party_references``.
Not said there and assumed: which codes undo a sale (below); that the price of a summary without types, such as
"Final Negotiated Price", is the price paid; ``front_gross`` and ``back_gross``, which STAR does not carry, under
those names. The buyer, who is in the document too, is not read and not kept.
"""

from services.gateway.adapters.layout import Kind, at
from services.gateway.adapters.star_inventory_vehicle import price
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

_UNDONE = ("CANCELLED", "CANCELED", "REVERSED", "UNWOUND", "VOID", "VOIDED", "RETURNED", "RESCINDED")
_PAID = "FINAL NEGOTIATED PRICE|NEGOTIATED PRICE|SALE PRICE|SELLING PRICE"


def of_vehicle(*names: str) -> tuple[str, ...]:
    """Give the paths of a fact of the vehicle."""
    places = ("vehicle.", "vehicle_identifier.", "vehicle.vehicle_identifier.", "vehicle.vehicle_specification.")
    return tuple(f"{place}{name}" for place in places for name in names)


def paid(*types: str) -> tuple[str, ...]:
    """Give the paths of a price of one of these types."""
    return (
        *(f"vehicle.{path}" for path in price(*types)),
        *(f"vehicle_price_summary.price_summary.prices[price_types={kind}].value|total_amount" for kind in types),
    )


ADAPTER = Table(
    name="star_retail_delivery_report",
    root="RetailDeliveryReport",
    kind=Kind(
        paths=("oem_rdr_status_type", "deal_status_type", "sale_status_type"),
        codes=dict.fromkeys(_UNDONE, "vehicle.sale_unwound"),
        otherwise="vehicle.sold",
    ),
    ids=("retail_delivery_report_id", "occurrence_date_time"),
    time=("occurrence_date_time", "vehicle.delivered_date_time"),
    subject=of_vehicle("vin", "stock_number"),
    dealer=(
        "dealer_code", "dealer.dealer_code", "vehicle.dealer_code",
        "party_references[party_reference_types=DEALERSHIP].account_number",
        "party_references[party_relationship_types=DEALERSHIP].account_number",
        "party_references[party_type=DEALER].account_number",
    ),
    currency=("locale.currency_code", "vehicle.vehicle_price_summaries.price.currency_code"),
    fields={
        "vin": at(*of_vehicle("vin")),
        "stock_number": at(*of_vehicle("stock_number")),
        "condition": at(*of_vehicle("product_state_type", "condition"), read=condition),
        "model_year": at(*of_vehicle("model_year"), read=whole),
        "make": at(*of_vehicle("make", "brand")),
        "model": at(*of_vehicle("model")),
        "trim": at(*of_vehicle("trim")),
        "exterior_color": at(*of_vehicle("exterior_color.marketing_name", "exterior_color.desc_color")),
        "odometer": at("odometer_at_sale.value", *of_vehicle("odometer.value"), read=odometer),
        "odometer_unit": at("odometer_at_sale.uom", *of_vehicle("odometer.uom"), read=odometer_unit),
        "msrp": at(*paid("TOTAL_MSRP", "MSRP"), read=money),
        "invoice": at(*paid("TOTAL_DEALER_COST"), read=money),
        "stock_date": at("vehicle.stock_date_time", "vehicle.stock_date", read=day),
        "sale_date": at("sale_date", "sale.sale_date", "vehicle.delivered_date_time", read=day),
        "sale_price": at(
            *paid("NET_SALE", "SALE", "GROSS_SALE", "ACTUAL"),
            f"vehicle.vehicle_price_summaries[vehicle_price_name={_PAID}].price.value|total_amount",
            "sale.sale_price", "sale_price",
            read=money,
        ),
        "purchase_type": at("purchase_type", "sale.purchase_type", read=purchase_type),
        "front_gross": at("front_gross", "sale.front_gross", read=money),
        "back_gross": at("back_gross", "sale.back_gross", read=money),
    },
)  # fmt: skip
