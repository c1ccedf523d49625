"""What a benchmark waits for is what it sent, not as many of anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg

from bench.counts import all_taken_in
from shared.events.topics import INVENTORY_UPDATED

BEGAN = datetime(2026, 3, 2, 15, tzinfo=UTC)
BEFORE, SINCE = BEGAN - timedelta(seconds=1), BEGAN + timedelta(seconds=1)


async def told(connection: asyncpg.Connection[asyncpg.Record], at: datetime) -> UUID:
    event = uuid4()
    await connection.execute(
        "INSERT INTO inventory.outbox (id, topic, key, payload, headers, created_at)"
        " VALUES ($1, 'inventory-updated', 'key', '', '{}', $2)",
        event,
        at,
    )
    return event


async def taken_in(connection: asyncpg.Connection[asyncpg.Record], service: str, event: UUID) -> None:
    await connection.execute(f"INSERT INTO {service}.inbox VALUES ($1, 'inventory-updated', $2)", event, SINCE)


async def test_what_was_told_before_and_taken_in_late_does_not_stand_in_for_what_is_waited_for(migrated: str) -> None:
    connection = await asyncpg.connect(migrated)
    try:
        late, ours = await told(connection, BEFORE), await told(connection, SINCE)
        for service in INVENTORY_UPDATED.consumers:
            await taken_in(connection, service, late)
        assert not await all_taken_in(connection, BEGAN)
        for service in INVENTORY_UPDATED.consumers:
            assert not await all_taken_in(connection, BEGAN), f"{service} has not taken it in"
            await taken_in(connection, service, ours)
        assert await all_taken_in(connection, BEGAN)
    finally:
        await connection.close()
