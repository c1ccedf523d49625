"""Kafka in: listings and own vehicles are kept, and the rooftops they concern marked for a new survey."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Any
from uuid import UUID

from services.market import store
from services.market.domain.sighting import Sighting, by_day
from shared.events import InventoryUpdated, Listing, MarketDataReceived, segment_key, segment_label
from shared.events.topics import INVENTORY_UPDATED, MARKET_DATA_RECEIVED
from shared.messaging import EventRouter, Transaction
from shared.postgres import WorkTable, lock_order

router = EventRouter("market", gathers=True)
SURVEYS = WorkTable("survey")
DELAY = 1.0
PATIENCE = 5.0
ANEW = "anew"
"""Marks a rooftop whose whole market is to be worked out and told again, changed or not."""
_KM_PER_MILE = 1.609344


@router.on(MARKET_DATA_RECEIVED)
async def on_market_data_received(events: Sequence[MarketDataReceived], tx: Transaction) -> None:
    """Keep listings; every rooftop of their region sees a changed market."""
    sightings: dict[tuple[UUID, str, str], list[Sighting]] = defaultdict(list)
    for event in events:
        for listing in event.listings:
            sightings[event.tenant_id, event.region, listing.listing_id].append(_sighting(event, listing))
    seen = [sightings[key] for key in sorted(sightings, key=str)]
    priced = (by_day(one for one in same if one["price"]) for same in seen)
    await store.note_prices(tx.connection, list(chain.from_iterable(priced)))
    for turn in zip_longest(*map(by_day, seen)):  # mostly one: a statement may not touch a listing twice
        await store.upsert_listings(tx.connection, [one for one in turn if one is not None])
    currencies = {(event.tenant_id, event.region): event.currency for event in events}
    regions = {(*region, currency) for region, currency in currencies.items()}
    await store.bump_regions(tx.connection, regions)
    marks = [(event.tenant_id, event.dealer_id, "") for event in events]
    for tenant_id, region, _ in regions:
        dealers = await store.dealers_of_region(tx.connection, tenant_id, region)
        marks += [(tenant_id, dealer_id, "") for dealer_id in dealers]
    await SURVEYS.mark(tx.connection, marks, delay=DELAY, patience=PATIENCE)


def _sighting(event: MarketDataReceived, listing: Listing) -> Sighting:
    return {
        "tenant_id": event.tenant_id,
        "region": event.region,
        "segment": segment_key(listing.condition, listing.make, listing.model),
        "label": segment_label(listing.condition, listing.make, listing.model),
        **listing.model_dump(
            include={
                "listing_id", "price", "odometer_km", "model_year", "first_seen", "last_seen", "active", "vin",
                "trim", "seller",
            }
        ),
        "certified": listing.condition == "certified" if listing.condition else None,
    }  # fmt: skip


@router.on(INVENTORY_UPDATED)
async def on_inventory_updated(events: Sequence[InventoryUpdated], tx: Transaction) -> None:
    """Keep own vehicles; coming, going and what a car is change its market, its own price does not."""
    await store.upsert_units(tx.connection, unit_rows([event for event in events if event.followed_on is None]))
    moved = [
        event for event in events if _known(event) and set(event.changes) - {"vehicle.priced", "engagement.daily"}
    ]
    marks = [(event.tenant_id, event.dealer_id, "") for event in moved]
    marks += [(e.tenant_id, e.previous_dealer_id, "") for e in moved if e.previous_dealer_id is not None]
    await SURVEYS.mark(tx.connection, marks, delay=DELAY, patience=PATIENCE)


def unit_rows(events: Sequence[InventoryUpdated]) -> list[dict[str, Any]]:
    """Give the stored rows of own vehicles, each as its newest event has it; those of no known model are left out."""
    known = [event for event in events if _known(event)]
    newest = {(e.tenant_id, e.vehicle_key): e for e in sorted(known, key=lambda e: e.aggregate_version)}
    return [
        {
            "tenant_id": event.tenant_id,
            "vehicle_key": event.vehicle_key,
            "dealer_id": event.dealer_id,
            "version": event.aggregate_version,
            "region": event.region,
            "currency": event.currency,
            "segment": event.segment,
            "label": segment_label(event.condition, event.make or "", event.model or ""),
            "status": event.status.value,
            "exit_date": event.exit_date,
            "vin": event.vin,
            "model_year": event.model_year,
            "trim": event.trim,
            "certified": event.condition == "certified" if event.condition else None,
            "odometer_km": _kilometres(event),
            "quantity": event.quantity,
        }
        for event in (newest[key] for key in sorted(newest, key=lock_order))
    ]


def _known(event: InventoryUpdated) -> bool:
    return bool(event.segment and event.make and event.model)


def _kilometres(event: InventoryUpdated) -> int | None:
    if event.odometer is None or event.odometer_unit != "mi":
        return event.odometer
    return round(event.odometer * _KM_PER_MILE)
