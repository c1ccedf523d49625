"""From imported rows to the events that inventory and market understand."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.gateway.imports import ImportedRow, InventoryRow, ListingRow
from services.gateway.store.accounts import Dealer
from services.gateway.store.imports import Import
from shared.events import (
    DmsEventKind,
    DmsEventReceived,
    Listing,
    MarketDataReceived,
    VehicleFields,
    deterministic_id,
)

_KM_PER_MILE = 1.609344
_SALES = frozenset({DmsEventKind.SOLD, DmsEventKind.WHOLESALED})
_FIELDS = tuple(VehicleFields.model_fields)


def inventory_facts(row: InventoryRow) -> dict[str, Any]:
    """Give what a row states of a vehicle; what it does not state is absent."""
    return _facts(row)


def vehicle_event(
    work: Import,
    dealer: Dealer,
    row: ImportedRow | None,
    kind: str,
    at: datetime,
    facts: Mapping[str, Any] | None = None,
) -> DmsEventReceived:
    """Make the event of a row; the same import, vehicle and kind always give the same event id."""
    stated = dict(_facts(row) if facts is None and row is not None else facts or {})
    if row is not None:
        stated["vin"] = str(row.vin)
    # A file may tell of more than one sale of a vehicle.
    source_id = f"{work.import_id}:{stated['vin']}:{kind}:{stated['sale_date'] if kind in _SALES else ''}"
    source = f"urn:doso:import:{dealer.dealer_id}"
    return DmsEventReceived.of_valid(
        **stated,
        event_id=deterministic_id("dms", work.tenant_id, source, source_id),
        occurred_at=at,
        filed_at=work.created_at,
        reported_on=at.astimezone(ZoneInfo(dealer.timezone)).date(),
        tenant_id=work.tenant_id,
        dealer_id=dealer.dealer_id,
        source=source,
        source_event_id=source_id,
        kind=DmsEventKind(kind),
        subject=stated["vin"],
        received_at=datetime.now(UTC),
        dealer_name=dealer.name,
        currency=dealer.currency,
        region=dealer.region,
    )


def listing_of(row: ListingRow, as_of: date) -> Listing:
    """Make a listing of a row; where the file states no dates it was seen on the import's day."""
    last_seen = row.last_seen or row.snapshot_date or as_of
    first_seen = row.first_seen or last_seen - timedelta(days=row.days_listed or 0)
    odometer = row.odometer
    if odometer is not None and row.odometer_unit == "mi":
        odometer = round(odometer * _KM_PER_MILE)
    return Listing(
        listing_id=row.listing_id or str(row.vin),
        vin=str(row.vin),
        make=row.make,
        model=row.model,
        model_year=row.model_year,
        trim=row.trim,
        body=row.body,
        condition=row.condition,
        odometer_km=odometer,
        price=row.price,
        seller=row.seller,
        first_seen=min(first_seen, last_seen),
        last_seen=last_seen,
        active=not row.removed,
    )


def market_chunk(work: Import, dealer: Dealer, listings: Sequence[Listing], number: int) -> MarketDataReceived:
    """Make the event of a chunk of listings."""
    return MarketDataReceived(
        event_id=deterministic_id("market", work.tenant_id, work.import_id, number),
        occurred_at=datetime.now(UTC),
        tenant_id=work.tenant_id,
        dealer_id=dealer.dealer_id,
        import_id=work.import_id,
        chunk=number,
        region=dealer.region,
        currency=dealer.currency,
        as_of=work.as_of,
        listings=tuple(listings),
    )


def _facts(row: ImportedRow) -> dict[str, Any]:
    stated = {name: getattr(row, name, None) for name in _FIELDS}
    if stated["odometer"] is None:
        stated["odometer_unit"] = None
    return {name: value for name, value in stated.items() if value is not None}


def moment(as_of: date, timezone: str, now: datetime) -> datetime:
    """Place a snapshot in time, UTC: now when it is today's at the rooftop, else noon there on its day."""
    return now if as_of >= now.astimezone(ZoneInfo(timezone)).date() else _at(as_of, time(12), timezone)


def first_moment(day: date, timezone: str) -> datetime:
    """Give the beginning of a rooftop's day, UTC."""
    return _at(day, time(), timezone)


def moment_of_sale(day: date, timezone: str, now: datetime) -> datetime:
    """Place a sale of which only the day is told, UTC: at the end of the rooftop's day, or now if that is to come."""
    return min(_at(day, time(23, 59), timezone), now)


def _at(day: date, clock: time, timezone: str) -> datetime:
    return datetime.combine(day, clock, ZoneInfo(timezone)).astimezone(UTC)
