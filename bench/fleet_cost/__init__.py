"""What queries cost as the fleet grows: one dealer group, alone in the database and among a thousand rooftops."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, cast

import asyncpg

from bench.fleet_cost.cost import Cost
from bench.fleet_cost.explaining import ExplainingConnection
from bench.fleet_cost.filling import fill
from bench.fleet_cost.gateway_paths import gateway_paths
from bench.fleet_cost.report import table
from bench.fleet_cost.service_paths import service_paths
from deploy.local.pipeline import SERVICES
from deploy.local.servers import PostgresServer
from shared.migration import migrate
from shared.postgres import PostgresSettings, create_pool
from shared.postgres.tenancy import tenant_transaction

if TYPE_CHECKING:
    from uuid import UUID

    from bench.fleet_cost.explaining import Statement
    from bench.fleet_cost.service_paths import Path
    from bench.options import Options
    from bench.progress import Steps
    from bench.tables import Table
    from shared.postgres.pool import Pool

SIZES = (1, 10, 100, 1_000)
RUNS, MOST_RUNS = 5, 50
"""A path is run until so many runs in a row were hardly quicker, as other load may last for several, and at most."""
_QUICKER = 0.95
_YARDSTICK = "SELECT sum(n % 7) FROM generate_series(1, 20000) AS n"


async def measure(options: Options, steps: Steps) -> Table:
    """Grow a fleet step by step, and explain every query about its first group at each size."""
    folder = options.folder / "fleet"
    await asyncio.to_thread(folder.mkdir)
    costs: list[Cost] = []
    async with AsyncExitStack() as stack:
        server = PostgresServer(folder)
        with steps.step("starting PostgreSQL"):
            stack.push_async_callback(asyncio.to_thread, server.stop)
            await asyncio.to_thread(server.start)
            for service in SERVICES:
                await migrate(service, server.dsn())
        owner = await asyncpg.connect(server.dsn())
        stack.push_async_callback(owner.close)
        pools = {}
        for service in SERVICES:
            pools[service] = await create_pool(service, PostgresSettings(dsn=server.dsn()))
            stack.push_async_callback(pools[service].close)
        there = 0
        for size in SIZES:
            with steps.step(f"adding rooftops up to {size:,}", total=size) as advance:
                await fill(owner, there, size, advance)
            there = size
            with steps.step(f"explaining at {size:,} rooftops"):
                costs += await _explain_all(pools, owner, size)
    return table(costs, SIZES)


async def _explain_all(pools: dict[str, Pool], owner: asyncpg.Connection[Any], rooftops: int) -> list[Cost]:
    row = await owner.fetchrow("SELECT md5('group 0')::uuid AS tenant, md5('rooftop 0')::uuid AS dealer")
    keys = await owner.fetch(
        "SELECT vehicle_key FROM gateway.vehicle WHERE dealer_id = md5('rooftop 0')::uuid ORDER BY 1"
    )
    if row is None or not keys:
        message = "the fleet that was just filled in is not there"
        raise RuntimeError(message)
    tenant, dealer, names = row["tenant"], row["dealer"], [key["vehicle_key"] for key in keys]
    paths = [*gateway_paths(tenant, dealer, names), *service_paths(tenant, dealer, names)]
    return [await _cost(pools[path[0]], tenant, path, rooftops) for path in paths]


async def _cost(pool: Pool, tenant: UUID, path: Path, rooftops: int) -> Cost:
    """Explain a path several times, and keep the quickest run of each of its statements."""
    service, name, _ = path
    statements, yardstick = await _explained(pool, tenant, path)
    best = Cost(service, name, rooftops, statements, yardstick)
    settled = 0
    for _ in range(MOST_RUNS):
        again, yardstick = await _explained(pool, tenant, path)
        quickest = tuple(
            min(same, key=lambda each: each.milliseconds) for same in zip(best.statements, again, strict=True)
        )
        before, best = best, Cost(service, name, rooftops, quickest, min(best.yardstick, yardstick))
        hardly = _QUICKER * before.milliseconds, _QUICKER * before.yardstick
        settled = settled + 1 if best.milliseconds > hardly[0] and best.yardstick > hardly[1] else 0
        if settled == RUNS:
            break
    return best


async def _explained(pool: Pool, tenant: UUID, path: Path) -> tuple[tuple[Statement, ...], float]:
    """Explain what a path sends, and undo it; gives the milliseconds of the yardstick beside it too."""
    async with tenant_transaction(pool, [tenant]) as connection:
        explaining = ExplainingConnection(connection)
        undone = connection.transaction()
        await undone.start()
        await path[2](cast("Any", explaining))
        await undone.rollback()
        beside = ExplainingConnection(connection)
        await beside.fetch(_YARDSTICK)
    return tuple(explaining.statements), beside.statements[0].milliseconds
