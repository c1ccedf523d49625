"""A group's lives are read in packs, so that what reads them never holds them all as text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from uuid import UUID, uuid4

import pytest

from services.recommend import store
from services.recommend.packs import unpacked
from services.recommend.translate import lives_of, stored_document
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

SINCE = date(2025, 6, 1)
STORE = UUID(int=7)
LEFT, BEFORE, STANDING = 400, 30, 201


@pytest.fixture
async def work(migrated: str) -> AsyncIterator[UnitOfWork]:
    pool = await create_pool("recommend", PostgresSettings(dsn=migrated))
    yield UnitOfWork(pool, "recommend")
    await pool.close()


async def stock(work: UnitOfWork, tenant: UUID) -> None:
    """Keep cars that left since then or before, and such as still stand; labels have what must be escaped in them."""
    async with work.begin(tenant) as tx:
        await tx.connection.execute(
            """
            INSERT INTO unit (tenant_id, vehicle_key, dealer_id, version, status, segment, label, quantity, make, model,
                              price_history, stock_date, exit_date)
            SELECT $1, 'unit-' || n, $2, 1, CASE WHEN n <= $4::int THEN 'in_stock' ELSE 'sold' END, 'used/kia/rio',
                   E'Kia\nRio "GT", Côte ' || n, 1, 'Kia', 'Rio', '[["2025-05-01", 9000.0]]', date '2025-05-01',
                   CASE WHEN n > $4::int + $5::int THEN $3::date - 1 WHEN n > $4::int THEN $3::date END
            FROM generate_series(1, $4::int + $5::int + $6::int) AS n
            """,
            tenant,
            STORE,
            SINCE,
            STANDING,
            LEFT,
            BEFORE,
        )


async def test_every_life_of_the_group_comes_once_however_many_there_are(work: UnitOfWork) -> None:
    tenant, other = uuid4(), uuid4()
    for each in (tenant, other):
        await stock(work, each)
    async with work.begin(tenant) as tx:
        packs = await store.lives(tx.connection, SINCE)
    lives = [life for rows in unpacked(packs) for life in lives_of([stored_document(row) for row in rows])]
    assert len(packs) > 1
    assert sorted(life.unit.label for life in lives) == sorted(
        f'Kia\nRio "GT", Côte {n}' for n in range(1, STANDING + LEFT + 1)
    )
    assert sum(life.sold for life in lives) == LEFT


async def test_a_group_without_lives_has_no_pack(work: UnitOfWork) -> None:
    async with work.begin(uuid4()) as tx:
        assert await store.lives(tx.connection, SINCE) == []
