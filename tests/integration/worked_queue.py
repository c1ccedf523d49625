"""A queue that a worker of a probed service works off."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from uuid import UUID

from shared.messaging import Worker
from shared.messaging.ending import end
from shared.postgres import WorkTable

QUEUE = WorkTable("surveys")


@asynccontextmanager
async def working(probe, compute, lease: float = 120.0):
    task = asyncio.create_task(Worker(probe.service, QUEUE, probe.work, compute, lease=lease).run())
    try:
        yield
        assert not task.done()
    finally:
        await end(task)


async def mark(probe, *numbers: int, tenant: UUID | None = None) -> None:
    async with probe.work.begin() as tx:
        await QUEUE.mark(tx.connection, [(tenant or probe.tenant, probe.dealer, str(n)) for n in numbers])


async def store(probe, items) -> None:
    """Commit the results, taking the items off in the same transaction."""
    async with probe.work.begin() as tx:
        await probe.note([probe.event(int(item.key)) for item in items], tx)
        await QUEUE.finish(tx.connection, items)


async def results(probe, count: int) -> list[int]:
    await probe.eventually(lambda: probe.value("SELECT count(*) = $1 FROM effect", count))
    return sorted(await probe.effects())
