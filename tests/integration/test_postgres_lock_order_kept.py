"""PostgreSQL and Python sort what is locked alike, also in a database whose own order of text is another."""

from __future__ import annotations

import random
from typing import Any, cast
from uuid import uuid4

import asyncpg

from services.inventory.store import load_lives
from shared.postgres import PostgresSettings, create_pool, lock_order
from shared.postgres.tenancy import tenant_transaction

NAMES = ("1HGCM82633A123456", "a", "A", "aa", "AA", "stock:1", "stock-1", "stock 1", "é", "ß", "\uffee", "😀", "")


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


class Planned:
    """A connection that plans each statement, and finds nothing."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.plans: list[str] = []

    async def fetch(self, sql: str, *arguments: object) -> list[Any]:
        rows = await self.connection.fetch(f"EXPLAIN (VERBOSE) {sql}", *arguments)
        self.plans.append("\n".join(row[0] for row in rows))
        return []


async def test_vehicles_are_locked_in_that_order_whatever_the_collation_of_the_database(migrated: str) -> None:
    """The plan is looked at: the embedded server has no collation but those that sort as "C" does."""
    pool = await create_pool("inventory", PostgresSettings(dsn=migrated))
    try:
        tenant = uuid4()
        async with tenant_transaction(pool, [tenant]) as connection:
            planned = Planned(connection)
            await load_lives(cast("Any", planned), [(tenant, "A"), (tenant, "B")])
    finally:
        await pool.close()
    [locking] = [plan for plan in planned.plans if "LockRows" in plan]
    assert 'v.vehicle_key COLLATE "C"' in next(line for line in locking.splitlines() if "Sort Key" in line)
