"""dms-event-received: what a dealer management system (or an import) reported, once accepted."""

from datetime import date
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeInt

from shared.events.base import Event, Money
from shared.events.vin import VinStr

Condition = Literal["new", "used", "certified", "demo"]
OdometerUnit = Literal["mi", "km"]
Availability = Literal["available", "pending", "held"]
"""Whether a vehicle in stock is for sale; ``pending``: promised to a customer; ``held``: kept from sale for now."""
_MILES = frozenset({"USD", "GBP"})


def usual_odometer_unit(currency: str) -> OdometerUnit:
    """Give what odometers count where nobody says it, by currency (ISO 4217): miles in America and Britain."""
    return "mi" if currency in _MILES else "km"


class DmsEventKind(StrEnum):
    """The types of DMS event that are understood."""

    STOCKED = "vehicle.stocked"
    UPDATED = "vehicle.updated"
    PRICED = "vehicle.priced"
    TRANSFERRED = "vehicle.transferred"
    SOLD = "vehicle.sold"
    SALE_UNWOUND = "vehicle.sale_unwound"
    WHOLESALED = "vehicle.wholesaled"
    DEPARTED = "vehicle.departed"
    ORDER_PLACED = "order.placed"
    ORDER_RECEIVED = "order.received"
    ENGAGEMENT = "engagement.daily"


class VehicleFields(BaseModel):
    """What can be said of a vehicle; a field that is absent says nothing about it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    vin: VinStr | None = None
    stock_number: str | None = Field(default=None, max_length=64)
    condition: Condition | None = None
    model_year: int | None = Field(default=None, ge=1900, le=2100)
    make: str | None = Field(default=None, max_length=80)
    model: str | None = Field(default=None, max_length=80)
    trim: str | None = Field(default=None, max_length=120)
    body: str | None = Field(default=None, max_length=80)
    drivetrain: str | None = Field(default=None, max_length=80)
    fuel: str | None = Field(default=None, max_length=80)
    exterior_color: str | None = Field(default=None, max_length=80)
    odometer: int | None = Field(default=None, ge=0, le=2_000_000)
    odometer_unit: OdometerUnit | None = None
    msrp: Money | None = Field(default=None, ge=0)
    invoice: Money | None = Field(default=None, ge=0)
    cost: Money | None = Field(default=None, ge=0)
    recon_cost: Money | None = Field(default=None, ge=0)
    list_price: Money | None = Field(default=None, ge=0)
    priced_on: date | None = None
    """The day from which the list price is known to have been asked, where that is not the day of the event."""
    stock_date: date | None = None
    sale_date: date | None = None
    sale_price: Money | None = Field(default=None, ge=0)
    purchase_type: str | None = Field(default=None, max_length=40)
    front_gross: Money | None = None
    back_gross: Money | None = None
    destination_dealer_id: UUID | None = None
    quantity: int | None = Field(default=None, ge=1, le=1000)
    expected_date: date | None = None
    search_views: NonNegativeInt | None = None
    detail_views: NonNegativeInt | None = None
    leads: NonNegativeInt | None = None
    photo_count: NonNegativeInt | None = None
    availability: Availability | None = None


class ReportedFields(VehicleFields):
    """What was said of a vehicle, and on which day; senders do not say that."""

    reported_on: date | None = None
    """The day of the event in the rooftop's calendar: what is sold in the evening is not sold tomorrow."""
    filed_at: AwareDatetime | None = None
    """When the file was handed in that it is a row of: of two that tell of one sale the newer holds."""


class DmsEventReceived(Event, ReportedFields):
    """One accepted DMS event, with the dealer's facts that downstream services need stamped on it.

    ``event_id`` is derived from tenant, ``source`` and ``source_event_id``: resending changes nothing.
    """

    source: str
    source_event_id: str
    kind: DmsEventKind
    subject: str | None = None
    received_at: AwareDatetime
    dealer_name: str
    currency: str = Field(min_length=3, max_length=3)
    region: str
