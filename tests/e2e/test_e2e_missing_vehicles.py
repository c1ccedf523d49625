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


def snapshot(day: int) -> Import:
    return Import(
        TENANT,
        uuid4(),
        DEALER,
        "inventory",
        "snapshot",
        "x.csv",
        date(2026, 4, day),
        None,
        confirm=False,
        by_store=False,
    )


async def missing(work: UnitOfWork, file: Import, key: str, *, present: bool = False) -> set[str]:
    async with work.begin(TENANT) as tx:
        told = {"missing": set(), "present": {key}} if present else {"missing": {key}, "present": set()}
        return await imports.missing_again(tx.connection, file, DEALER, grace=2, **told)


async def test_a_day_counts_once_however_often_its_snapshots_come(work: UnitOfWork) -> None:
    key, monday, tuesday = uuid4().hex, snapshot(13), snapshot(14)
    assert await missing(work, monday, key) == set()
    assert await missing(work, monday, key) == set(), "the same import, started again"
    assert await missing(work, snapshot(13), key) == set(), "another of that day, from a feed broken for an hour"
    assert await missing(work, tuesday, key) == {key}
    assert await missing(work, tuesday, key) == {key}, "cut off before the departure, it still departs"


async def test_a_late_snapshot_of_an_earlier_day_counts_nothing(work: UnitOfWork) -> None:
    key = uuid4().hex
    assert await missing(work, snapshot(14), key) == set()
    assert await missing(work, snapshot(13), key) == set()


async def test_departed_or_seen_vehicle_is_counted_anew(work: UnitOfWork) -> None:
    key = uuid4().hex
    assert [await missing(work, snapshot(day), key) for day in (13, 14)] == [set(), {key}]
    async with work.begin(TENANT) as tx:
        await imports.forget_missing(tx.connection, DEALER, {key})
    assert await missing(work, snapshot(15), key) == set()
    assert await missing(work, snapshot(16), key, present=True) == set()
    assert await missing(work, snapshot(17), key) == set()
