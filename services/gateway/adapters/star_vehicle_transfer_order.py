"""STAR ``VehicleTransferOrder``: a vehicle went from one rooftop of the group to another.

Source: github.com/starstandard/automotive; its names of this document are ``transfer_order_number``,
``source_party``, ``destination_party``, ``transfer_reason_type``, ``estimated_transportation_cost`` and
``actual_arrival_date_time``, a party being a ``PartyReference`` (``party_key``, ``account_number``, ``party_name``).
Not said there and assumed: where the vehicle stands (``vehicle``, ``vehicle_identifier``, ``inventory_vehicle`` or
the order itself); that a rooftop is named by its account number or key. A transfer counts once the vehicle has
arrived, so an order without an arrival is refused: it is to be sent again when it has one.
"""

from services.gateway.adapters.layout import Kind, at
from services.gateway.adapters.table import Table
from services.gateway.adapters.transforms import odometer, odometer_unit, whole

_NAMES = ("account_number", "dealer_code", "party_key", "party_reference_key", "party_reference_id")


def of_vehicle(*names: str) -> tuple[str, ...]:
    """Give the paths of a fact of the vehicle."""
    places = ("vehicle.", "vehicle_identifier.", "vehicle.vehicle_identifier.", "inventory_vehicle.", "")
    return tuple(f"{place}{name}" for place in places for name in names)


ADAPTER = Table(
    name="star_vehicle_transfer_order",
    root="VehicleTransferOrder",
    kind=Kind(paths=(), codes={}, otherwise="vehicle.transferred"),
    ids=("transfer_order_number", "actual_arrival_date_time"),
    time=("actual_arrival_date_time", "arrival_date_time"),
    subject=of_vehicle("vin", "stock_number"),
    dealer=tuple(f"{place}.{name}" for place in ("source_party", "source_dealer") for name in _NAMES),
    currency=("locale.currency_code",),
    waits_for="the vehicle has not arrived; send the order again when it has",
    requires=("destination_dealer_id",),
    fields={
        "vin": at(*of_vehicle("vin")),
        "stock_number": at(*of_vehicle("stock_number")),
        "model_year": at(*of_vehicle("model_year"), read=whole),
        "make": at(*of_vehicle("make", "brand")),
        "model": at(*of_vehicle("model")),
        "odometer": at(*of_vehicle("odometer.value"), read=odometer),
        "odometer_unit": at(*of_vehicle("odometer.uom"), read=odometer_unit),
        "destination_dealer_id": at(
            *(f"{place}.{name}" for place in ("destination_party", "destination_dealer") for name in _NAMES)
        ),
    },
)
