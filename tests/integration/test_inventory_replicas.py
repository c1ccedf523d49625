"""Two replicas of inventory that hear of the same vehicle at the same moment."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from services.inventory.handlers import on_dms_event_received
from shared.events import DmsEventKind, DmsEventReceived, new_event_id
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

VIN = "1M8GDM9AXKP042788"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def reported(tenant, kind: DmsEventKind, at: datetime) -> DmsEventReceived:
    return DmsEventReceived(
        event_id=new_event_id(), occurred_at=at, tenant_id=tenant, dealer_id=uuid4(), source="urn:test",
        source_event_id=str(at), kind=kind, received_at=at, dealer_name="A store", currency="USD", region="US-MI",
        vin=VIN, make="Motor Coach", model="102", sale_date=at.date() if kind is DmsEventKind.SOLD else None,
    )  # fmt: skip


async def test_a_vehicle_first_heard_of_at_two_rooftops_at_once_keeps_both_reports(migrated: str) -> None:
    tenant = uuid4()
    pool = await create_pool("inventory", PostgresSettings(dsn=migrated))
    work = UnitOfWork(pool, "inventory")
    first_is_in, go = asyncio.Event(), asyncio.Event()

    async def sold() -> None:
        async with work.begin(tenant) as tx:
            await on_dms_event_received([reported(tenant, DmsEventKind.SOLD, NOON)], tx)
            first_is_in.set()
            await go.wait()

    async def updated() -> None:
        await first_is_in.wait()
        async with work.begin(tenant) as tx:
            later = reported(tenant, DmsEventKind.UPDATED, NOON + timedelta(days=1))
            waiting = asyncio.create_task(on_dms_event_received([later], tx))
            done, _ = await asyncio.wait([waiting], timeout=0.5)
            assert not done, "it must wait for the other replica's transaction"
            go.set()
            await waiting

    try:
        async with asyncio.timeout(60):
            await asyncio.gather(sold(), updated())
        async with work.begin(tenant) as tx:
            vehicle = await tx.connection.fetchrow("SELECT version, status FROM vehicle")
            assert (vehicle["version"], vehicle["status"]) == (2, "sold")
            assert await tx.connection.fetchval("SELECT count(*) FROM sale") == 1
        assert await pool.fetchval("SELECT count(*) FROM outbox WHERE topic = 'inventory-updated'") == 2
    finally:
        await pool.close()
