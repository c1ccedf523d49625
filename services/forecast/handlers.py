"""Kafka in: stays, market rates and learned scales are kept, and the series they concern marked."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from services.forecast import store
from services.forecast.domain.configuration import configuration_of
from services.forecast.domain.sister_sales import lends
from services.forecast.domain.stays import Visit, revisit
from shared.events import (
    InventoryUpdated,
    MarketUpdated,
    PolicyUpdated,
    VehicleStatus,
    condition_group,
    segment_label,
)
from shared.events.topics import INVENTORY_UPDATED, MARKET_UPDATED, POLICY_UPDATED
from shared.messaging import EventRouter, Transaction
from shared.postgres import WorkTable

router = EventRouter("forecast", gathers=True)
SERIES = WorkTable("series")
DELAY = 1.0
PATIENCE = 5.0


@router.on(INVENTORY_UPDATED)
async def on_inventory_updated(events: Sequence[InventoryUpdated], tx: Transaction) -> None:
    """Keep when vehicles came and went; only that changes a series, a price does not."""
    states = [event for event in events if event.segment and event.status is not VehicleStatus.ON_ORDER]
    before = await store.load_visits(tx.connection, ((e.tenant_id, e.vehicle_key) for e in states))
    after: dict[store.Key, tuple[Visit, ...]] = {key: tuple(visits) for key, visits in before.items()}
    marks: set[tuple[UUID, UUID, str]] = set()
    changed: set[store.Key] = set()
    regions: dict[tuple[UUID, UUID], str] = {}
    resold: set[tuple[UUID, UUID]] = set()
    today = datetime.now(UTC).date()
    for event in sorted(states, key=lambda e: e.aggregate_version):
        key = (event.tenant_id, event.vehicle_key)
        old = after.get(key, ())
        new = revisit(old, _visit(event), over=event.followed_on is not None)
        after[key] = new
        if _shape(old) != _shape(new):
            changed.add(key)
            regions[event.tenant_id, event.dealer_id] = event.region
            touched = set(old) ^ set(new)
            marks |= {(event.tenant_id, visit.dealer_id, visit.segment) for visit in touched}
            if any(lends(visit, today) for visit in touched):
                resold.add((event.tenant_id, event.dealer_id))
    await store.save_visits(tx.connection, {key: after[key] for key in changed & before.keys()}, before)
    await store.save_first_visits(tx.connection, {key: after[key] for key in changed - before.keys()})
    if regions:
        await store.save_regions(tx.connection, regions, resold)
    await SERIES.mark(tx.connection, marks, delay=DELAY, patience=PATIENCE)


@router.on(MARKET_UPDATED)
async def on_market_updated(events: Sequence[MarketUpdated], tx: Transaction) -> None:
    """Keep how fast the market sells each segment."""
    await store.save_market_rates(tx.connection, events)


@router.on(POLICY_UPDATED)
async def on_policy_updated(events: Sequence[PolicyUpdated], tx: Transaction) -> None:
    """Keep the learned demand scale, rules set aside; a rooftop whose scale moved is forecast anew."""
    learned = [event for event in events if event.kind == "learned"]
    await store.save_policies(tx.connection, learned)
    for event in learned:
        if event.parameters.get("demand_scale") == event.previous.get("demand_scale"):
            continue
        segments = await store.segments_of(tx.connection, event.tenant_id, event.dealer_id)
        marks = [(event.tenant_id, event.dealer_id, segment) for segment in segments]
        await SERIES.mark(tx.connection, marks, delay=DELAY, patience=PATIENCE)


def _visit(event: InventoryUpdated) -> Visit:
    sold = event.status is VehicleStatus.SOLD and event.exit_date is not None
    return Visit(
        dealer_id=event.dealer_id,
        version=event.aggregate_version,
        segment=event.segment or "",
        label=segment_label(event.condition, event.make or "", event.model or ""),
        stocked=event.stock_date,
        left=event.exit_date or event.followed_on,
        sold=sold,
        configuration=configuration_of(
            condition_group(event.condition) == "new",
            event.model_year,
            event.trim,
            event.body,
            event.drivetrain,
            event.fuel,
        ),
    )


def _shape(visits: Sequence[Visit]) -> list[tuple[object, ...]]:
    return [(v.dealer_id, v.segment, v.stocked, v.left, v.sold, v.configuration) for v in visits]
