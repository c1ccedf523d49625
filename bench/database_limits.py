"""What this PostgreSQL takes in at best, by a plain COPY and by the outbox's own statement."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg

from bench.statistics import spread
from bench.tables import Limit
from shared.messaging.unit_of_work import insert_outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.progress import Steps

PUBLISHED = 500
"""What a relay takes at a time, and a request of events enters."""
_SETUP = """
CREATE SCHEMA bench;
CREATE TABLE bench.plain (id uuid, topic text, key text, payload bytea);
CREATE TABLE bench.outbox (LIKE gateway.outbox INCLUDING ALL);
CREATE TABLE bench.outbox_waiting (LIKE gateway.outbox_waiting INCLUDING ALL);
"""
_HEADERS = {"ce_id": "0" * 36, "ce_source": "urn:doso:bench", "ce_type": "dms-event-received"}


async def database_limits(
    dsn: str, payloads: Sequence[bytes], repeats: int, steps: Steps, *, batch: int = PUBLISHED
) -> tuple[Limit, Limit]:
    """Measure rows a second of COPY and of the outbox's unnest, ``batch`` a transaction, on one connection.

    Works in a schema of its own, which is dropped at the end.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_SETUP)
        await connection.execute("SET search_path = bench")
        copied, inserted = [], []
        with steps.step("limits of the database", total=repeats) as advance:
            for repeat in range(repeats):
                copied.append(await _copy(connection, payloads, batch))
                inserted.append(await _insert(connection, payloads, batch))
                advance(repeat + 1)
        return Limit("plain COPY", spread(copied)), Limit("outbox only, unnest", spread(inserted))
    finally:
        await connection.execute("DROP SCHEMA IF EXISTS bench CASCADE")
        await connection.close()


async def _copy(connection: asyncpg.Connection[asyncpg.Record], payloads: Sequence[bytes], batch: int) -> float:
    rows = [(uuid4(), "dms-event-received", str(uuid4()), payload) for payload in payloads]
    began = time.perf_counter()
    for start in range(0, len(rows), batch):
        await connection.copy_records_to_table("plain", records=rows[start : start + batch])
    took = time.perf_counter() - began
    await connection.execute("TRUNCATE plain")
    return len(rows) / took


async def _insert(connection: asyncpg.Connection[asyncpg.Record], payloads: Sequence[bytes], batch: int) -> float:
    rows = [(uuid4(), str(uuid4()), payload) for payload in payloads]
    began = time.perf_counter()
    for start in range(0, len(rows), batch):
        part = rows[start : start + batch]
        ids, keys, bodies = ([row[column] for row in part] for column in range(3))
        topics, headers = ["dms-event-received"] * len(part), [_HEADERS] * len(part)
        await insert_outbox(connection, ids, topics, keys, bodies, headers)  # type: ignore[arg-type]
    took = time.perf_counter() - began
    await connection.execute("TRUNCATE outbox, outbox_waiting")
    return len(rows) / took
