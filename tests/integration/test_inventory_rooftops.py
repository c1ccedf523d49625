"""Rooftops of several groups in one batch: an id that two of them use names each one's own."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

from services.inventory.handlers import on_dms_event_received
from shared.events import DmsEventKind, DmsEventReceived
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool
from tests.integration.test_inventory_replicas import NOON, reported

HERE = uuid4()


def at(tenant: UUID, name: str, region: str) -> DmsEventReceived:
    event = reported(tenant, DmsEventKind.STOCKED, NOON)
    return event.model_copy(update={"dealer_id": HERE, "dealer_name": name, "region": region})


async def test_a_strangers_rooftop_of_the_same_id_tells_nothing_of_ours(migrated: str) -> None:
    ours, theirs = uuid4(), uuid4()
    pool = await create_pool("inventory", PostgresSettings(dsn=migrated))
    work = UnitOfWork(pool, "inventory")
    try:
        for tenants in ((ours, theirs), (theirs, ours)):
            names = {ours: ("North", "US-MI"), theirs: ("Stranger", "NO-03")}
            async with work.begin(*tenants) as tx:
                await on_dms_event_received([at(tenant, *names[tenant]) for tenant in tenants], tx)
        rows = await pool.fetch("SELECT payload FROM outbox WHERE topic = 'inventory-updated'")
        told = {
            (one["tenant_id"], one["dealer_name"], one["region"]) for one in (json.loads(r["payload"]) for r in rows)
        }
        assert told == {(str(ours), "North", "US-MI"), (str(theirs), "Stranger", "NO-03")}
    finally:
        await pool.close()
