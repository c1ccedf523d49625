"""Sending a dealer group's day to the gateway and following it until the read model shows all of it."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg

from bench.connection import Connection, Request
from bench.counts import Counts, look, read_counts, read_ends, read_log_position, taken_in
from bench.load import DmsLoad, ndjson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.progress import Advance, Steps
    from bench.system import System

PATIENCE_SECONDS = 600.0
NDJSON = "application/x-ndjson"
_LOOK_SECONDS = 0.5
"""Looking more often would tell nothing more: the ends are read from the rows' own times."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Seconds from the first POST until all was accepted, published by inventory, and in the read model.

    ``processor_seconds``: what each part used until every service had taken in all of it, without what is computed
    afterwards. ``log_bytes``: what PostgreSQL wrote ahead meanwhile.
    """

    events: int
    updates: int
    accepted_seconds: float
    told_seconds: float
    shown_seconds: float
    processor_seconds: dict[str, float]
    log_bytes: int


async def replay(
    system: System,
    load: DmsLoad,
    dealers: Sequence[str],
    steps: Steps,
    *,
    connections: int = 3,
    batch: int = 500,
) -> Replay:
    """Post a load as NDJSON and wait until the read model has taken in every vehicle update it caused.

    Raises RuntimeError when an event is parked as a dead letter, TimeoutError when it takes ten minutes.
    """
    lanes = [list(ndjson(lane, batch)) for lane in load.by_connection(dealers, connections)]
    database = await asyncpg.connect(system.dsn)
    try:
        with steps.step(f"{len(load.events)} events, {len(dealers)} rooftops", total=len(load.events)) as advance:
            used, log = system.processor_seconds(), await read_log_position(database)
            since, began = datetime.now(UTC), time.perf_counter()
            posting = asyncio.create_task(_post(system, lanes, advance))
            following = asyncio.create_task(_follow(database, since, posting))
            await asyncio.gather(posting, following)
            counts = following.result()
            await taken_in(database, since)
            log = await read_log_position(database) - log
            spent = {part: all_ - used.get(part, 0.0) for part, all_ in system.processor_seconds().items()}
        if counts.received != len(load.events):
            message = f"{len(load.events)} events were sent, {counts.received} are in the gateway's outbox"
            raise RuntimeError(message)
        ends = await read_ends(database, since)
        return Replay(
            events=len(load.events),
            updates=counts.updates,
            accepted_seconds=posting.result() - began,
            told_seconds=(ends.told - since).total_seconds(),
            shown_seconds=(ends.shown - since).total_seconds(),
            processor_seconds=spent,
            log_bytes=log,
        )
    finally:
        await database.close()


async def _post(system: System, lanes: Sequence[Sequence[bytes]], advance: Advance) -> float:
    """Post each lane over its own connection; gives when the last answer came."""
    posted = 0
    headers = {"content-type": NDJSON, "x-api-key": system.api_key}
    async with AsyncExitStack() as stack:

        async def one(connection: Connection, bodies: Sequence[bytes]) -> None:
            nonlocal posted
            for body in bodies:
                await connection.send(Request("POST", "/api/v1/dms/events", headers, body))
                posted += body.count(b"\n") + 1
                advance(posted)

        connections = [await stack.enter_async_context(Connection(system.url)) for _ in lanes]
        await asyncio.gather(*map(one, connections, lanes))
    return time.perf_counter()


async def _follow(
    database: asyncpg.Connection[asyncpg.Record], since: datetime, posting: asyncio.Task[float]
) -> Counts:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        posted = posting.done()
        seen = await look(database, since)
        if seen.parked:
            message = f"{seen.parked} events were parked as dead letters; see dead_letter in the database"
            raise RuntimeError(message)
        if posted and not seen.under_way and (counts := await read_counts(database, since)).done:
            return counts
        if time.monotonic() > deadline:
            message = (
                f"after {PATIENCE_SECONDS:.0f} s events are still under way: {await read_counts(database, since)}"
            )
            raise TimeoutError(message)
        await asyncio.sleep(_LOOK_SECONDS)
