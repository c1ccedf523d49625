"""The worker when the database ends statements for their duration: one tenant's work does not hold up the others'."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from shared.postgres.work import MAX_ATTEMPTS
from tests.integration import worked_queue
from tests.integration.worked_queue import QUEUE, hurry, mark, results, store, working

quick_turns = worked_queue.quick_turns


async def test_a_batch_that_takes_too_long_is_computed_item_by_item(probe) -> None:
    async def compute(items) -> None:
        async with probe.work.begin() as tx:
            if len(items) > 1:
                await tx.connection.execute("SET LOCAL statement_timeout = 50")
                await tx.connection.execute("SELECT pg_sleep(5)")
            await probe.note([probe.event(int(item.key)) for item in items], tx)
            await QUEUE.finish(tx.connection, items)

    await mark(probe, 1, 2, 3)
    async with working(probe, compute):
        assert await results(probe, 3) == [1, 2, 3]
    assert await probe.value("SELECT count(*) FROM work") == 0


async def take_too_long(probe) -> None:
    """Fail as a statement does that the database ends for its duration."""
    async with probe.work.begin() as tx:
        await tx.connection.execute("SET LOCAL statement_timeout = 20")
        await tx.connection.execute("SELECT pg_sleep(60)")


async def test_a_tenant_whose_work_takes_too_long_costs_the_others_one_try_of_it(probe) -> None:
    huge, tried = uuid4(), []

    async def compute(items) -> None:
        tried.append({item.key for item in items})
        if any(item.tenant_id == huge for item in items):
            await take_too_long(probe)
        await store(probe, items)

    await mark(probe, 1, 2, 3, 4, tenant=huge)
    await mark(probe, 5, 6)
    async with working(probe, compute):
        assert await results(probe, 2) == [5, 6]
        await probe.eventually(lambda: probe.value("SELECT count(*) = 4 FROM work WHERE error IS NOT NULL"))
    slow = await probe.value("SELECT key FROM work WHERE attempts > 0")
    assert {key for keys in tried if keys <= set("1234") for key in keys} == {slow}
    spared = await probe.owner.fetch("SELECT * FROM work WHERE key <> $1", slow)
    assert {row["attempts"] for row in spared} == {0}
    assert {row["error"].partition(":")[0] for row in spared} == {"not tried"}
    assert await probe.value("SELECT min(due_at) > now() + interval '10 seconds' FROM work WHERE key <> $1", slow)


@pytest.mark.parametrize("sound", [1, 2])
async def test_what_is_given_up_of_a_tenant_that_takes_too_long_is_not_tried_and_stays_as_it_was(
    probe, sound: int
) -> None:
    tried = []

    async def compute(items) -> None:
        tried.append({item.key for item in items})
        await take_too_long(probe)

    await mark(probe, 7)
    await probe.owner.execute("UPDATE work SET attempts = $1, error = 'no room'", MAX_ATTEMPTS)
    before = await probe.owner.fetchrow("SELECT due_at, error FROM work")
    await mark(probe, *range(sound))
    async with working(probe, compute):
        await probe.eventually(lambda: probe.value("SELECT count(*) = 1 FROM work WHERE attempts BETWEEN 1 AND 4"))
        await probe.eventually(lambda: probe.value("SELECT leased_until IS NULL FROM work WHERE key = '7'"))
    assert not any("7" in keys for keys in tried)
    assert await probe.owner.fetchrow("SELECT due_at, error FROM work WHERE key = '7'") == before


async def test_an_item_that_takes_too_long_alone_is_soon_tried_once_an_hour_only(probe) -> None:
    tried = []

    async def compute(items) -> None:
        tried.append(items)
        await take_too_long(probe)

    async def hurried() -> bool:
        await hurry(probe)
        return await probe.value("SELECT attempts = 5 FROM work")

    await mark(probe, 1)
    async with working(probe, compute):
        await probe.eventually(hurried)
        await mark(probe, 2, tenant=uuid4())
        await probe.eventually(lambda: probe.value("SELECT attempts > 0 FROM work WHERE key = '2'"))
    assert [item.key for items in tried for item in items].count("1") == 5
    assert "QueryCanceledError" in await probe.value("SELECT error FROM work WHERE key = '1'")
    assert await probe.value("SELECT due_at > now() + interval '50 minutes' FROM work WHERE key = '1'")


async def test_a_database_that_was_slow_for_a_while_leaves_nothing_undone(probe, monkeypatch) -> None:
    monkeypatch.setattr("shared.messaging.turns.SPARED_SECONDS", 0.1)
    slow = True

    async def compute(items) -> None:
        if slow:
            await take_too_long(probe)
        await store(probe, items)

    async def all_given_up() -> bool:
        await hurry(probe)
        return await probe.value("SELECT min(attempts) = 5 FROM work")

    await mark(probe, 1, 2, 3)
    async with working(probe, compute):
        await probe.eventually(all_given_up)
        slow = False
        await probe.owner.execute("UPDATE work SET due_at = due_at - interval '1 hour'")  # it passes
        assert await results(probe, 3) == [1, 2, 3]
    assert await probe.value("SELECT count(*) FROM work") == 0


async def test_what_was_not_tried_in_time_goes_back_for_others_and_every_turn_gets_on(probe) -> None:
    tried, looked = [], asyncio.Event()
    looked.set()

    async def compute(items) -> None:
        if len(items) > 1:
            await looked.wait()
            looked.clear()
        tried.append(len(items))
        if len(items) > 1:
            await take_too_long(probe)
        await store(probe, items)

    await mark(probe, *range(10))
    async with working(probe, compute, tries=0.0):
        for turn in (1, 2):
            assert len(await results(probe, turn)) == turn
            returned = "SELECT count(*) = $1 FROM work WHERE error LIKE 'not tried%'"
            await probe.eventually(lambda left=10 - turn, sql=returned: probe.value(sql, left))
            assert tried == [10, 1, 9, 1][: 2 * turn]
            assert await probe.value("SELECT max(attempts) FROM work") == 0
            await probe.owner.execute("UPDATE work SET due_at = now(), error = NULL")
            looked.set()
