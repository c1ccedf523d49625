"""Imports whose file, or whose gateway, is the trouble: each ends, and says why."""

from __future__ import annotations

import asyncio
import errno
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from services.gateway.importing import IMPORT_QUEUE, Importer, importer
from services.gateway.importing.attempts import MAX_STARTS
from shared.messaging import UnitOfWork, Worker
from shared.observability.metrics import make_metrics
from shared.postgres import PostgresSettings, create_pool
from shared.postgres.claims import ClaimLostError
from shared.postgres.work import MAX_ATTEMPTS
from tests.e2e.conftest import as_csv, new_vin, stock_row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.postgres.pool import Pool

FILE = as_csv([stock_row(new_vin())])


@pytest.fixture
async def pool(migrated: str) -> AsyncIterator[Pool]:
    made = await create_pool("gateway", PostgresSettings(dsn=migrated))
    yield made
    await made.close()


@pytest.fixture
async def owner(migrated: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(migrated, server_settings={"search_path": "gateway"})
    yield connection
    await connection.close()


async def an_import(owner: asyncpg.Connection) -> UUID:
    tenant, dealer, number = uuid4(), uuid4(), uuid4()
    await owner.execute("INSERT INTO tenant (tenant_id, name) VALUES ($1, 'A')", tenant)
    await owner.execute("INSERT INTO dealer VALUES ($1, $2, 'B', 'USD', 'US-MI', 'UTC')", tenant, dealer)
    await owner.execute(
        "INSERT INTO import (tenant_id, import_id, dealer_id, kind, mode, filename, bytes, as_of, confirm, by_store,"
        " status) VALUES ($1, $2, $3, 'inventory', 'delta', 'a.csv', $4, '2026-03-02', false, false, 'running')",
        tenant, number, dealer, len(FILE),
    )  # fmt: skip
    await owner.execute("INSERT INTO import_chunk VALUES ($1, $2, 0, $3)", tenant, number, FILE)
    await IMPORT_QUEUE.mark(owner, [(tenant, dealer, str(number))])
    return number


async def ended(owner: asyncpg.Connection, pool: Pool, number: UUID, **how: float) -> asyncpg.Record:
    """Work until the import has ended, letting the pauses between tries pass at once."""
    work = UnitOfWork(pool, "gateway")
    metrics = make_metrics("gateway", CollectorRegistry())
    task = asyncio.create_task(
        Worker("gateway", IMPORT_QUEUE, work, Importer(work).compute, metrics=metrics, batch=1, **how).run()
    )
    try:
        async with asyncio.timeout(60):
            while True:
                await owner.execute("UPDATE work SET due_at = now()")
                row = await owner.fetchrow("SELECT status, error, starts FROM import WHERE import_id = $1", number)
                assert row is not None
                if row["status"] != "running":
                    assert await owner.fetchval("SELECT count(*) FROM work") == 0
                    assert await owner.fetchval("SELECT count(*) FROM import_chunk") == 0
                    return row
                await asyncio.sleep(0.05)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_an_import_that_another_brought_to_its_end_stays_as_it_ended(pool, owner) -> None:
    number = await an_import(owner)
    [late] = await IMPORT_QUEUE.claim(pool, limit=1)
    await owner.execute("UPDATE work SET leased_until = NULL")
    before = await ended(owner, pool, number)
    assert before["status"] == "done"
    with pytest.raises(ClaimLostError):
        await Importer(UnitOfWork(pool, "gateway")).compute([late])
    assert await owner.fetchrow("SELECT status, error, starts FROM import WHERE import_id = $1", number) == before


async def test_a_full_disk_is_tried_again_and_then_told(pool, owner, monkeypatch) -> None:
    tried = []

    async def full(*_: object) -> None:
        tried.append(1)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(importer.store, "write_file", full)
    row = await ended(owner, pool, await an_import(owner))
    assert (row["status"], len(tried)) == ("failed", MAX_STARTS)
    assert "no room" in row["error"]


async def test_a_disk_that_is_full_once_costs_nothing(pool, owner, monkeypatch) -> None:
    write, tried = importer.store.write_file, []

    async def full_at_first(*arguments: object) -> None:
        tried.append(1)
        if len(tried) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        await write(*arguments)

    monkeypatch.setattr(importer.store, "write_file", full_at_first)
    row = await ended(owner, pool, await an_import(owner))
    assert (row["status"], row["error"], len(tried)) == ("done", None, 2)


async def test_a_file_that_ended_the_gateway_every_time_is_given_up(pool, owner) -> None:
    number = await an_import(owner)
    # As a process leaves it that died while reading, three times: started, and never heard of again.
    await owner.execute("UPDATE import SET starts = $1", MAX_STARTS)
    await owner.execute("UPDATE work SET leased_until = now() - interval '1 second'")
    row = await ended(owner, pool, number)
    assert row["status"] == "failed"
    assert f"ended the gateway {MAX_STARTS} times" in row["error"]


@pytest.mark.parametrize(
    "harm",
    [
        ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
        asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
    ],
    ids=["the network breaks", "the database is slow"],
)
async def test_what_is_no_fault_of_the_file_is_never_held_against_it(pool, owner, monkeypatch, harm) -> None:
    write, tried = importer.store.write_file, []

    async def cut_off(*arguments: object) -> None:
        tried.append(1)
        if len(tried) <= max(MAX_STARTS, MAX_ATTEMPTS) + 2:
            raise type(harm)(*harm.args)  # anew: one that is raised again and again drags its past through the log
        await write(*arguments)

    monkeypatch.setattr(importer.store, "write_file", cut_off)
    row = await ended(owner, pool, await an_import(owner))
    assert (row["status"], row["starts"]) == ("done", 1)


async def test_an_end_that_the_database_was_too_slow_for_is_not_held_against_the_file(
    pool, owner, monkeypatch
) -> None:
    finish, tried = importer.store.finish, []

    async def slow(*arguments: object, **told: object) -> None:
        tried.append(1)
        if len(tried) <= MAX_STARTS:
            raise asyncpg.QueryCanceledError("canceling statement due to statement timeout")
        await finish(*arguments, **told)

    monkeypatch.setattr(importer.store, "finish", slow)
    row = await ended(owner, pool, await an_import(owner))
    assert (row["status"], row["error"], row["starts"]) == ("done", None, 1)


@pytest.mark.parametrize("answer_lost", [False, True], ids=["it is not forgiven", "it is, and nobody hears of it"])
async def test_an_end_that_the_database_was_away_for_is_not_held_against_the_file(
    pool, owner, monkeypatch, answer_lost
) -> None:
    number = await an_import(owner)
    finish, forgive, away = importer.store.finish, importer.store.forgive_start, asyncio.Event()

    async def cut_off(*_: object, **__: object) -> None:
        away.set()
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    async def forgive_when_it_is_back(connection: asyncpg.Connection, import_id: UUID) -> None:
        if not away.is_set():
            await forgive(connection, import_id)
            return
        away.clear()
        if answer_lost:
            await forgive(owner, import_id)
        raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")

    monkeypatch.setattr(importer.store, "finish", cut_off)
    monkeypatch.setattr(importer.store, "forgive_start", forgive_when_it_is_back)
    works = Importer(UnitOfWork(pool, "gateway"))
    for _ in range(MAX_STARTS + 1):
        [item] = await IMPORT_QUEUE.claim(pool, limit=1)
        with pytest.raises(ConnectionRefusedError):
            await works.compute([item])
        await IMPORT_QUEUE.release(pool, [item])
    monkeypatch.setattr(importer.store, "finish", finish)
    await works.compute(await IMPORT_QUEUE.claim(pool, limit=1))
    row = await owner.fetchrow("SELECT status, error, starts FROM import WHERE import_id = $1", number)
    assert tuple(row) == ("done", None, 1)


async def test_an_import_that_was_taken_over_at_its_end_is_not_held_against_the_file(
    pool, owner, monkeypatch
) -> None:
    number = await an_import(owner)
    finish = importer.store.finish

    async def taken_over_before(*arguments: object, **told: object) -> None:
        await owner.execute("UPDATE work SET claim = gen_random_uuid()")
        await finish(*arguments, **told)

    monkeypatch.setattr(importer.store, "finish", taken_over_before)
    [late] = await IMPORT_QUEUE.claim(pool, limit=1)
    with pytest.raises(ClaimLostError):
        await Importer(UnitOfWork(pool, "gateway")).compute([late])
    row = await owner.fetchrow("SELECT status, starts FROM import WHERE import_id = $1", number)
    assert tuple(row) == ("running", 0)


async def test_an_import_is_held_for_as_long_as_it_runs(pool, owner, monkeypatch) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()
    write = importer.store.write_file

    async def long(*arguments: object) -> None:
        entered.set()
        await leave.wait()
        await write(*arguments)

    async def renewed() -> None:
        """Wait until the lease of the claim is longer than it was."""
        before = await pool.fetchval("SELECT leased_until FROM work")
        while await pool.fetchval("SELECT leased_until FROM work") <= before:
            await asyncio.sleep(0.02)

    monkeypatch.setattr(importer.store, "write_file", long)
    ending = asyncio.create_task(ended(owner, pool, await an_import(owner), lease=15.0, tries=0.0))
    async with asyncio.timeout(60):
        await entered.wait()
        for _ in range(2):
            await renewed()
            assert await IMPORT_QUEUE.claim(pool, limit=1) == []
    leave.set()
    row = await ending
    assert (row["status"], row["starts"]) == ("done", 1)


async def test_a_gateway_whose_import_another_took_over_tells_nothing_more_of_it(pool, owner, monkeypatch) -> None:
    number = await an_import(owner)
    report = importer.store.report

    async def taken_over_meanwhile(*arguments: object, **told: object) -> None:
        await report(*arguments, **told)
        await owner.execute("UPDATE work SET claim = gen_random_uuid()")

    monkeypatch.setattr(importer.store, "report", taken_over_meanwhile)
    [late] = await IMPORT_QUEUE.claim(pool, limit=1)
    with pytest.raises(ClaimLostError):
        await Importer(UnitOfWork(pool, "gateway")).compute([late])
    row = await owner.fetchrow("SELECT status, rows, starts FROM import WHERE import_id = $1", number)
    assert tuple(row) == ("running", 0, 0)
    assert await owner.fetchval("SELECT count(*) FROM outbox") == 0
    monkeypatch.undo()
    await owner.execute("UPDATE work SET leased_until = NULL")
    row = await ended(owner, pool, number)
    assert (row["status"], row["starts"], row["error"]) == ("done", 1, None)


async def test_nothing_departs_by_a_snapshot_that_another_took_over_after_its_last_row(
    pool, owner, monkeypatch
) -> None:
    number = await an_import(owner)
    dealer = await owner.fetchval("SELECT dealer_id FROM import WHERE import_id = $1", number)
    tell = importer.Departures.tell

    async def taken_over_before(departures: importer.Departures) -> None:
        await owner.execute("UPDATE work SET claim = gen_random_uuid()")
        departures._gone = {dealer: {new_vin()}}  # as if a snapshot lacked it
        await tell(departures)

    monkeypatch.setattr(importer.Departures, "tell", taken_over_before)
    [late] = await IMPORT_QUEUE.claim(pool, limit=1)
    with pytest.raises(ClaimLostError):
        await Importer(UnitOfWork(pool, "gateway")).compute([late])
    assert await owner.fetchval("SELECT count(*) FROM outbox") == 1, "its row, and nothing that departed"
