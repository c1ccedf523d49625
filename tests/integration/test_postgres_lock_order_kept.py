"""PostgreSQL and Python sort what is locked alike, also in a database whose own order of text is another."""

from __future__ import annotations

import asyncio
import random
from uuid import UUID, uuid4

import asyncpg

from services.inventory.store import load_lives
from shared.postgres import PostgresSettings, create_pool, lock_order
from shared.postgres.tenancy import tenant_transaction
from tests.integration.lock_waits import WAITING

NAMES = ("1HGCM82633A123456", "a", "A", "aa", "AA", "stock:1", "stock-1", "stock 1", "é", "ß", "\uffee", "😀", "")

_ONE = "SELECT 1 FROM inventory.vehicle WHERE tenant_id = $1 AND vehicle_key = $2"
_STOCKED = (
    "INSERT INTO inventory.vehicle (tenant_id, vehicle_key, dealer_id, status, last_at, last_id, version,"
    " price_history, quantity)"
    " VALUES ($1, $2, gen_random_uuid(), 'in_stock', now(), gen_random_uuid(), 1, '[]', 1)"
)


async def test_keys_are_sorted_as_the_database_sorts_them(migrated: str) -> None:
    keys = [(uuid4(), name) for name in NAMES for _ in range(20)] + [(uuid4(), "A")] * 2
    tenants = sorted({tenant for tenant, _ in keys}, key=lambda tenant: tenant.int)[:3]
    keys += [(tenant, name) for tenant in tenants for name in NAMES]
    random.Random(1).shuffle(keys)
    connection = await asyncpg.connect(migrated)
    try:
        rows = await connection.fetch(
            'SELECT t, n FROM unnest($1::uuid[], $2::text[]) AS u(t, n) ORDER BY t, n COLLATE "C"',
            [tenant for tenant, _ in keys],
            [name for _, name in keys],
        )
    finally:
        await connection.close()
    assert [(row["t"], row["n"]) for row in rows] == sorted(keys, key=lock_order)


async def test_vehicles_are_locked_in_that_order_whatever_order_they_are_asked_for_in(migrated: str) -> None:
    first, second = sorted((uuid4(), uuid4()), key=lambda tenant: tenant.int)
    keys = [(first, "A"), (first, "Z"), (first, "a"), (second, "A")]
    owner, other = await asyncpg.connect(migrated), await asyncpg.connect(migrated)
    pool = await create_pool("inventory", PostgresSettings(dsn=migrated))

    async def load() -> int:
        async with tenant_transaction(pool, [first, second]) as connection:
            return len(await load_lives(connection, [keys[3], keys[1], keys[2], keys[0]]))

    async def locked(tenant: UUID, key: str) -> bool:
        try:
            async with owner.transaction():
                await owner.execute(f"{_ONE} FOR UPDATE NOWAIT", tenant, key)
        except asyncpg.LockNotAvailableError:
            return True
        return False

    try:
        await owner.executemany(_STOCKED, keys)
        async with asyncio.timeout(60), other.transaction():
            await other.execute(f"{_ONE} FOR UPDATE", *keys[1])
            loading = asyncio.create_task(load())
            while not await owner.fetchval(WAITING):
                assert not loading.done()
                await asyncio.sleep(0.01)
            assert [await locked(*key) for key in keys] == [True, True, False, False]
        assert await loading == len(keys)
    finally:
        await pool.close()
        await owner.close()
        await other.close()
