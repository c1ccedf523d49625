"""What a batch is about is read by its keys, however much its dealer groups have and whatever is known of the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.forecast.store import load_visits
from services.inventory.store import keys_by_stock_number, load_history, load_lives, save_sales
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TENANTS = sorted((uuid4(), uuid4()), key=str)
DEALER_OF = {tenant: uuid4() for tenant in TENANTS}
OWNED = 3_000
ASKED = 400
ROWS = {
    "vehicle": (
        "INSERT INTO inventory.vehicle (tenant_id, vehicle_key, dealer_id, status, last_at, last_id, version,"
        " stock_number, price_history, quantity)"
        " SELECT $1, n::text, $2, 'in_stock', now(), gen_random_uuid(), 1, n::text, '[]', 1"
    ),
    "sale": (
        "INSERT INTO inventory.sale (tenant_id, vehicle_key, event_id, dealer_id, sale_date, wholesale)"
        " SELECT $1, n::text, gen_random_uuid(), $2, current_date, false"
    ),
    "vehicle_event": (
        "INSERT INTO inventory.vehicle_event (tenant_id, vehicle_key, at, event_id, kind, dealer_id, facts, received_at)"
        " SELECT $1, n::text, now(), gen_random_uuid(), 'updated', $2, '{}', now()"
    ),
    "stay": (
        "INSERT INTO forecast.stay (tenant_id, vehicle_key, n, dealer_id, version, segment, label, sold)"
        " SELECT $1, n::text, 0, $2, 1, 'a', 'a', false"
    ),
}


@pytest.fixture
async def owner(migrated: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(migrated)
    yield connection
    await connection.close()


async def by_stock_number(connection, keys) -> dict:
    return await keys_by_stock_number(connection, [(tenant, DEALER_OF[tenant], key) for tenant, key in keys])


async def forget_sales(connection, keys) -> list:
    await save_sales(connection, dict.fromkeys(keys, ()))
    return keys


@pytest.mark.parametrize("analyzed", [False, True], ids=["tables nobody knows", "tables with statistics"])
@pytest.mark.parametrize(
    ("service", "read", "tables", "times"),
    [
        ("inventory", load_lives, ("vehicle", "sale"), 1),
        ("inventory", load_history, ("vehicle_event",), 1),
        ("inventory", by_stock_number, ("vehicle",), 1),
        ("inventory", forget_sales, ("sale",), 1),
        ("forecast", load_visits, ("stay",), 2),  # held, then read
    ],
    ids=["lives", "history", "stock numbers", "sales", "stays"],
)
async def test_no_more_is_read_than_is_asked_for(migrated, owner, service, read, tables, times, analyzed) -> None:
    for table in tables:
        for tenant in TENANTS:
            await owner.execute(f"{ROWS[table]} FROM generate_series(1, {OWNED}) AS n", tenant, DEALER_OF[tenant])
        if analyzed:
            await owner.execute(f"ANALYZE {service}.{table}")
    keys: list[tuple[UUID, str]] = [(tenant, str(n)) for tenant in TENANTS for n in range(7, 7 + ASKED // 2)]
    pool = await create_pool(service, PostgresSettings(dsn=migrated))
    try:
        async with UnitOfWork(pool, service).begin(*TENANTS) as tx:
            assert len(await read(tx.connection, keys)) == ASKED
            [fetched] = await tx.connection.fetch(
                "SELECT sum(seq_tup_read)::int AS by_scan, sum(idx_tup_fetch)::int AS by_index"
                " FROM pg_stat_xact_user_tables WHERE schemaname = $1 AND relname = ANY($2)",
                service,
                tables,
            )
    finally:
        await pool.close()
    assert fetched["by_scan"] == 0
    assert fetched["by_index"] == ASKED * len(tables) * times
