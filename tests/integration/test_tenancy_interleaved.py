"""A thousand requests of two tenants, crowded through two connections: each answer is only its own tenant's."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest

from shared.postgres import PostgresSettings, create_pool, tenant_transaction
from tests.integration.gateway_running import gateway_running

if TYPE_CHECKING:
    from tests.integration.gateway_running import Party

REQUESTS = 1000
PATHS = (
    "/inventory?status=sold", "/inventory/summary", "/market", "/market/gaps", "/forecasts", "/recommendations",
    "/feedback", "/feedback/summary", "/learning", "/learning/policies", "/dealers", "/users", "/tenants", "/api-keys",
    "/audit", "/auth/me", "/policies", "/audit/export.csv", "/audit/export.ndjson", "/reports/inventory.csv?status=sold",
    "/reports/recommendations.csv", "/reports/gaps.csv", "/reports/summary.csv",
)  # fmt: skip


async def test_interleaved_requests_on_two_connections_never_mix_tenants(migrated: str) -> None:
    async with gateway_running(migrated, pool_max=2) as gateway:
        parties = [
            await gateway.party("alpha", "1M8GDM9AXKP042788"),
            await gateway.party("beta", "1FTEW1EP3MKD90117"),
        ]
        crowd = asyncio.Semaphore(20)

        async def ask(n: int) -> tuple[str, bool]:
            one, other = parties if n % 2 else parties[::-1]
            path = random.Random(n).choice(PATHS)
            async with crowd:
                answer = await one.http.get(path)
            assert answer.status_code == 200, (path, answer.text)
            assert not any(mark in answer.text for mark in marks(other)), (path, answer.text)
            return path, any(mark in answer.text for mark in marks(one))

        answers = await asyncio.gather(*(ask(n) for n in range(REQUESTS)))
        assert {path for path, marked in answers if marked} >= set(PATHS) - {"/feedback/summary", "/policies"}


def marks(party: Party) -> list[str]:
    return [
        party.mark,
        party.vin,
        str(party.tenant_id),
        *map(str, party.dealers),
        party.username,
        party.api_key[5:21],
    ]


@pytest.mark.parametrize("ending", ["commit", "error", "cancelled"])
async def test_no_transaction_leaves_its_tenant_behind_on_the_connection(migrated: str, ending: str) -> None:
    pool = await create_pool("gateway", PostgresSettings(dsn=migrated, pool_max=1))
    async with gateway_running(migrated) as gateway:
        party = await gateway.party("alpha", "1M8GDM9AXKP042788")

        async def work() -> None:
            async with tenant_transaction(pool, [party.tenant_id]) as connection:
                assert await connection.fetchval("SELECT count(*) FROM vehicle") == 2
                if ending == "error":
                    raise RuntimeError
                if ending == "cancelled":
                    await connection.execute("SELECT pg_sleep(30)")

        task = asyncio.create_task(work())
        done, _ = await asyncio.wait([task], timeout=0.3 if ending == "cancelled" else 30)
        if not done:
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await pool.fetchval("SELECT count(*) FROM vehicle") == 0
        async with tenant_transaction(pool, []) as connection:
            assert await connection.fetchval("SELECT count(*) FROM vehicle") == 0
    await pool.close()
