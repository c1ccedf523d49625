"""Prices sent one by one beside the load, and watched for in what the API reads."""

from __future__ import annotations

import asyncio
import contextlib
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

import asyncpg

from bench.connection import Connection, Request
from bench.load_profile.traffic import PATH

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from uuid import UUID

    from bench.load_profile.tenants import Tenant
    from bench.load_profile.traffic import Vehicle

PROBES_PER_TENANT = 100
LOOK_SECONDS = 0.01
PATIENCE_SECONDS = 120.0
_SEEN = """
SELECT v.tenant_id, v.vehicle_key, v.list_price FROM unnest($1::uuid[], $2::text[]) AS u(t, k)
JOIN gateway.vehicle v ON v.tenant_id = t AND v.vehicle_key = k
"""


@dataclass(slots=True)
class Seen:
    """Seconds that prices took: until acknowledged, from then until visible, and from when due until visible."""

    acknowledged: list[float] = field(default_factory=list)
    visible: list[float] = field(default_factory=list)
    due_to_visible: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Probes:
    """Vehicles that nothing else reports on, each priced again only when its last price was seen."""

    url: str
    tenants: Sequence[Tenant]
    connection: asyncpg.Connection[asyncpg.Record]
    free: list[tuple[Tenant, Vehicle]] = field(init=False)
    _waiting: dict[tuple[UUID, str], tuple[Tenant, Vehicle, Decimal, float, float]] = field(
        init=False, default_factory=dict
    )
    _number: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Set vehicles aside."""
        aside = [(tenant, tenant.traffic.set_aside(PROBES_PER_TENANT)) for tenant in self.tenants]
        self.free = [(tenant, vehicle) for tenant, vehicles in aside for vehicle in vehicles]

    @asynccontextmanager
    async def watching(self, per_second: float) -> AsyncIterator[Seen]:
        """Send prices and watch for them while the block runs; those on their way are waited for at its end.

        Raises TimeoutError when a price is not visible two minutes after the last was sent.
        """
        seen, ending = Seen(), asyncio.Event()
        sending = asyncio.create_task(self._send(per_second, seen, ending))
        looking = asyncio.create_task(self._look(seen))
        try:
            yield seen
            ending.set()
            await sending
            async with asyncio.timeout(PATIENCE_SECONDS):
                while self._waiting and not looking.done():  # noqa: ASYNC110  # emptied by the looks
                    await asyncio.sleep(LOOK_SECONDS)
        finally:
            for task in (sending, looking):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(sending, looking)

    async def _send(self, per_second: float, seen: Seen, ending: asyncio.Event) -> None:
        """Send on a schedule; where every vehicle still waits for its price, a turn is left out."""
        began, number = time.perf_counter(), 0
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as under_way:
            connections: asyncio.Queue[Connection] = asyncio.Queue()
            for _ in range(8):
                connections.put_nowait(await stack.enter_async_context(Connection(self.url)))
            while not ending.is_set():
                due = began + number / per_second
                number += 1
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                if self.free:
                    under_way.create_task(self._one(*self.free.pop(0), due, connections, seen))

    async def _one(
        self, tenant: Tenant, vehicle: Vehicle, due: float, connections: asyncio.Queue[Connection], seen: Seen
    ) -> None:
        self._number += 1
        price = Decimal(1_000_000 + self._number) / 100 + 10_000
        headers = {"content-type": "application/json", "x-api-key": tenant.api_key}
        connection = await connections.get()
        try:
            await connection.send(Request("POST", PATH, headers, tenant.traffic.priced(vehicle, str(price))))
        finally:
            connections.put_nowait(connection)
        now = time.perf_counter()
        seen.acknowledged.append(now - due)
        self._waiting[tenant.tenant_id, vehicle.vin] = (tenant, vehicle, price, due, now)

    async def _look(self, seen: Seen) -> None:
        while True:
            if self._waiting:
                keys = list(self._waiting)
                rows = await self.connection.fetch(_SEEN, [key[0] for key in keys], [key[1] for key in keys])
                now = time.perf_counter()
                for row in rows:
                    key = (row["tenant_id"], row["vehicle_key"])
                    tenant, vehicle, price, due, acknowledged = self._waiting[key]
                    if row["list_price"] == price:
                        seen.visible.append(now - acknowledged)
                        seen.due_to_visible.append(now - due)
                        del self._waiting[key]
                        self.free.append((tenant, vehicle))
            await asyncio.sleep(LOOK_SECONDS)
