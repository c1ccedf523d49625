"""Sending reports at a rate that does not depend on how the system fares."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.connection import Connection, Request
from bench.load_profile.traffic import MOST_IN_A_BODY, NDJSON, PATH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.load_profile.tenants import Tenant

BODIES_PER_SECOND = 10.0


@dataclass(slots=True)
class Sent:
    """How a timed run went: events that were due and those acknowledged, and the seconds each body took from due."""

    due: int = 0
    acknowledged: int = 0
    took: list[float] = field(default_factory=list)

    @property
    def unsent(self) -> int:
        """Count the events that are late: due, and not acknowledged."""
        return self.due - self.acknowledged


async def send_at(url: str, tenants: Sequence[Tenant], rate: float, seconds: float, sent: Sent) -> None:
    """Send ``rate`` events a second for a while, in bodies of one tenant each, on a fixed schedule.

    A tenant's bodies go over one connection, in order; one that is late waits for its turn, and its wait counts.
    """
    size = max(1, min(MOST_IN_A_BODY, round(rate / BODIES_PER_SECOND)))
    bodies = max(1, round(rate * seconds / size))
    queues: list[asyncio.Queue[float | None]] = [asyncio.Queue() for _ in tenants]

    async def lane(tenant: Tenant, queue: asyncio.Queue[float | None]) -> None:
        headers = {"content-type": NDJSON, "x-api-key": tenant.api_key}
        async with Connection(url) as connection:
            while (due := await queue.get()) is not None:
                await connection.send(Request("POST", PATH, headers, tenant.traffic.reports(size)))
                sent.acknowledged += size
                sent.took.append(time.perf_counter() - due)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as lanes:
        for tenant, queue in zip(tenants, queues, strict=True):
            lanes.create_task(lane(tenant, queue))
        for number in range(bodies):
            due = began + number * size / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            sent.due += size
            queues[number % len(queues)].put_nowait(due)
        await asyncio.sleep(max(0.0, began + seconds - time.perf_counter()))
        for queue in queues:
            queue.put_nowait(None)
