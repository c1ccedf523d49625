"""From the outbox to Kafka: how many rows a second, and how soon after the commit."""

from __future__ import annotations

import asyncio
import contextlib
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer

from bench.stages.materials import outbox_columns
from shared.events.topics import DMS_EVENT_RECEIVED
from shared.messaging import KafkaSettings
from shared.messaging.relay import Relay
from shared.messaging.unit_of_work import insert_outbox
from shared.postgres import PostgresSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bench.servers import Servers
    from shared.events import DmsEventReceived
    from shared.messaging import UnitOfWork
    from shared.observability import Telemetry

PER_SECOND = 100.0
PATIENCE_SECONDS = 120.0
_INSERTS = 1_000
_LOOK_SECONDS = 0.02
_WAITING = "SELECT count(*) FROM gateway.outbox_waiting"


async def relaying(
    servers: Servers, work: UnitOfWork, telemetry: Telemetry, events: Sequence[DmsEventReceived]
) -> float:
    """Fill the gateway's outbox, then relay it; gives rows a second."""
    for start in range(0, len(events), _INSERTS):
        columns = outbox_columns(events[start : start + _INSERTS], DMS_EVENT_RECEIVED.name)
        async with work.pool.acquire() as connection:
            await insert_outbox(connection, *columns)
    owner = await asyncpg.connect(servers.dsn)
    try:
        async with relay_running(servers, telemetry), asyncio.timeout(PATIENCE_SECONDS):
            # Connecting to the broker is not relaying: the time begins when the first rows are out.
            first, began = await _fewer_than(owner, len(events))
            _, ended = await _fewer_than(owner, 1)
    finally:
        await owner.close()
    return first / (ended - began)


async def latencies(
    servers: Servers, work: UnitOfWork, telemetry: Telemetry, events: Sequence[DmsEventReceived]
) -> list[float]:
    """Insert a row every ten milliseconds; gives the seconds from its commit until a consumer has it."""
    committed: dict[str, float] = {}
    took: list[float] = []
    async with AIOKafkaConsumer(
        DMS_EVENT_RECEIVED.name,
        bootstrap_servers=servers.bootstrap_servers,
        group_id=f"latency-{uuid4()}",
        auto_offset_reset="latest",
    ) as consumer:
        while not consumer.assignment():
            await consumer.getmany(timeout_ms=100)
        await consumer.seek_to_end()

        async def receive() -> None:
            while len(took) < len(events):
                record = await consumer.getone()
                now = time.perf_counter()
                number = dict(record.headers)["number"].decode()
                took.append(now - committed[number])

        async with relay_running(servers, telemetry), asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.sleep(1.0)  # the relay connects
            receiving = asyncio.create_task(receive())
            began = time.perf_counter()
            for number, event in enumerate(events):
                await asyncio.sleep(max(0.0, began + number / PER_SECOND - time.perf_counter()))
                ids, topics, keys, payloads, _ = outbox_columns([event], DMS_EVENT_RECEIVED.name)
                async with work.pool.acquire() as connection:
                    # Noted before the commit: a consumer may have it before we are told of that.
                    committed[str(number)] = time.perf_counter()
                    await insert_outbox(connection, ids, topics, keys, payloads, [{"number": str(number)}])
            await receiving
    return took


@asynccontextmanager
async def relay_running(servers: Servers, telemetry: Telemetry) -> AsyncIterator[None]:
    """Run the gateway's relay until the block ends."""
    relay = Relay(
        "gateway",
        PostgresSettings(dsn=servers.dsn),
        KafkaSettings(bootstrap_servers=servers.bootstrap_servers),
        metrics=telemetry.metrics,
    )
    task = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _fewer_than(owner: asyncpg.Connection[asyncpg.Record], rows: int) -> tuple[int, float]:
    """Wait until fewer rows than that wait; gives how many, and when."""
    while (waiting := await owner.fetchval(_WAITING)) >= rows:  # noqa: ASYNC110  # nobody tells us
        await asyncio.sleep(_LOOK_SECONDS)
    return waiting, time.perf_counter()
