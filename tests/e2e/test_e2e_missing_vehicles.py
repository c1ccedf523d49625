"""Counting what snapshots lack, in the system's own database: an import that runs again counts once."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from deploy.local.servers import PostgresServer
from services.gateway.store import imports
from services.gateway.store.imports import Import
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.conftest import System

TENANT, DEALER = uuid4(), uuid4()


@pytest.fixture
async def work(system: System) -> AsyncIterator[UnitOfWork]:
    pool = await create_pool("gateway", PostgresSettings(dsn=PostgresServer(system.data_dir).dsn()))
    yield UnitOfWork(pool, "gateway")
    await pool.close()


def snapshot() -> Import:
    return Import(
        TENANT,
        uuid4(),
        DEALER,
        "inventory",
        "snapshot",
        "x.csv",
        date(2026, 4, 15),
        None,
        confirm=False,
        by_store=False,
    )


async def missing(work: UnitOfWork, file: Import, key: str, *, present: bool = False) -> set[str]:
    async with work.begin(TENANT) as tx:
        told = {"missing": set(), "present": {key}} if present else {"missing": {key}, "present": set()}
        return await imports.missing_again(tx.connection, file, DEALER, grace=2, **told)


async def test_interrupted_import_counts_a_missing_vehicle_once(work: UnitOfWork) -> None:
    key, first, second = uuid4().hex, snapshot(), snapshot()
    assert await missing(work, first, key) == set()
    assert await missing(work, first, key) == set(), "the same import, started again"
    assert await missing(work, second, key) == {key}
    assert await missing(work, second, key) == {key}, "cut off before the departure, it still departs"


async def test_departed_or_seen_vehicle_is_counted_anew(work: UnitOfWork) -> None:
    key = uuid4().hex
    assert [await missing(work, snapshot(), key) for _ in range(2)] == [set(), {key}]
    async with work.begin(TENANT) as tx:
        await imports.forget_missing(tx.connection, DEALER, {key})
    assert await missing(work, snapshot(), key) == set()
    assert await missing(work, snapshot(), key, present=True) == set()
    assert await missing(work, snapshot(), key) == set()
