"""inventory-updated: the state of one vehicle after a change."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.events.base import Event, Money
from shared.events.dms import Availability, Condition, OdometerUnit


class VehicleStatus(StrEnum):
    """Where a vehicle is in its life at the group."""

    ON_ORDER = "on_order"
    IN_STOCK = "in_stock"
    SOLD = "sold"
    WHOLESALED = "wholesaled"
    DEPARTED = "departed"


class AskingPrice(BaseModel):
    """An asking price and the day, in the rooftop's calendar, from which it is known to have been asked."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    on: date
    price: Money


class InventoryUpdated(Event):
    """The whole state of a vehicle, so that a reader needs no history; older versions are to be dropped.

    ``aggregate_version`` grows by at least one with every change of the vehicle. A state with ``followed_on`` is of a
    stay that is over, told under a version of its own before how the vehicle stands now: who only wants to know that
    passes it over.
    """

    aggregate_version: int
    vehicle_key: str
    """The VIN, or ``order:<number>`` for a vehicle on order that has none yet."""
    vin: str | None = None
    stock_number: str | None = None
    status: VehicleStatus
    previous_dealer_id: UUID | None = None
    """The rooftop that it stood at before this one."""
    followed_on: date | None = None
    """Of a stay that is over: the day on which the next one began, there or at another rooftop."""
    changes: tuple[str, ...] = Field(max_length=50)
    received_at: AwareDatetime
    """When the newest DMS event behind this state was accepted."""
    dealer_name: str
    currency: str
    region: str
    segment: str | None = None
    condition: Condition | None = None
    model_year: int | None = None
    make: str | None = None
    model: str | None = None
    trim: str | None = None
    body: str | None = None
    drivetrain: str | None = None
    fuel: str | None = None
    exterior_color: str | None = None
    odometer: int | None = None
    odometer_unit: OdometerUnit | None = None
    msrp: Money | None = None
    invoice: Money | None = None
    cost: Money | None = None
    recon_cost: Money | None = None
    list_price: Money | None = None
    priced_on: date | None = None
    """When the list price last moved."""
    price_history: tuple[AskingPrice, ...] = Field(default=(), max_length=60)
    """The asking prices of this stay, oldest first: the first as of the day it was first reported, then every
    move, of one day the last. A price told with the sale is none. Of more than 60 the newest."""
    stock_date: date | None = None
    group_stock_date: date | None = None
    sale_date: date | None = None
    sale_price: Money | None = None
    purchase_type: str | None = None
    front_gross: Money | None = None
    back_gross: Money | None = None
    exit_date: date | None = None
    """When it left stock, by whatever way."""
    quantity: int = 1
    expected_date: date | None = None
    leads: int | None = None
    photo_count: int | None = None
    availability: Availability | None = None
    """Of a vehicle in stock, what was told last; nothing where it was never told, which is as ``available``."""
    warnings: tuple[str, ...] = ()
