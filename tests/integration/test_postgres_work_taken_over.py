"""Work that took longer than its lease: whoever took it over, or did it, is not disturbed by who held it before."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from shared.postgres.claims import ClaimLostError
from tests.integration.lock_waits import WAITING
from tests.integration.marked_work import SURVEYS, claim, finish, let_leases_expire, mark


async def stood(probe) -> object:
    return await probe.owner.fetchrow("SELECT * FROM work")


async def release(probe, items) -> None:
    await SURVEYS.release(probe.work.pool, items)


async def fail(probe, items) -> None:
    await SURVEYS.fail(probe.work.pool, items, "no price")


async def taken_over(probe) -> list:
    """Give what a worker claimed and another holds by now."""
    await mark(probe, "civic")
    late = await claim(probe)
    await let_leases_expire(probe)
    assert [item.key for item in await claim(probe)] == ["civic"]
    return late


async def test_who_was_late_neither_holds_nor_gives_back_nor_fails_what_another_holds(probe) -> None:
    late = await taken_over(probe)
    before = await stood(probe)
    await SURVEYS.renew(probe.work.pool, late, lease=900)
    await SURVEYS.release(probe.work.pool, late)
    assert await SURVEYS.fail(probe.work.pool, late, "too late") == 0
    assert await stood(probe) == before


async def test_who_was_late_does_not_store_what_it_computed_when_another_holds_the_work(probe) -> None:
    late = await taken_over(probe)
    before = await stood(probe)

    async def store_and_finish() -> None:
        async with probe.work.begin() as tx:
            await SURVEYS.mark(tx.connection, [(item.tenant_id, item.dealer_id, "result") for item in late])
            await SURVEYS.finish(tx.connection, late)

    with pytest.raises(ClaimLostError, match="taken over"):
        await store_and_finish()
    assert await stood(probe) == before
    assert await probe.value("SELECT count(*) FROM work") == 1, "its result was stored"


async def test_who_was_late_does_not_take_off_what_was_done_and_marked_anew(probe) -> None:
    await mark(probe, "civic")
    late = await claim(probe)
    await let_leases_expire(probe)
    await finish(probe, await claim(probe))
    await mark(probe, "civic")
    assert await probe.value("SELECT generation FROM work") == late[0].generation, "else that alone would tell"
    with pytest.raises(ClaimLostError):
        await finish(probe, late)
    assert [item.key for item in await claim(probe)] == ["civic"]


async def test_who_was_late_does_not_keep_a_part_of_what_it_computed(probe) -> None:
    late = await taken_over(probe)
    assert await SURVEYS.still_held(probe.work.pool, late) == []

    async def keep_a_part() -> None:
        async with probe.work.begin() as tx:
            await SURVEYS.mark(tx.connection, [(probe.tenant, probe.dealer, "part")])
            await SURVEYS.hold(tx.connection, late)

    with pytest.raises(ClaimLostError):
        await keep_a_part()
    assert await probe.value("SELECT array_agg(key) FROM work") == ["civic"]


async def test_what_is_kept_of_a_result_keeps_the_work_from_being_taken_over_meanwhile(probe) -> None:
    await mark(probe, "civic", "accord")
    items = await claim(probe)
    await let_leases_expire(probe)
    async with probe.work.begin() as tx:
        await SURVEYS.hold(tx.connection, items)
        assert await claim(probe) == []
    assert await SURVEYS.still_held(probe.work.pool, items) == items
    [other] = await claim(probe, limit=1)
    assert [item.key for item in await SURVEYS.still_held(probe.work.pool, items)] != [other.key]


async def test_one_that_was_taken_over_keeps_the_others_of_its_batch(probe) -> None:
    await mark(probe, "civic", "accord")
    late = await claim(probe)
    await probe.owner.execute("UPDATE work SET leased_until = now() - interval '1 second' WHERE key = 'civic'")
    assert [item.key for item in await claim(probe)] == ["civic"]
    with pytest.raises(ClaimLostError):
        await finish(probe, late)
    await SURVEYS.fail(probe.work.pool, late, "taken over", counts=False, delay=0)
    assert [item.key for item in await claim(probe)] == ["accord"]


async def test_who_was_late_and_missed_by_nobody_finishes_as_ever(probe) -> None:
    await mark(probe, "civic", "accord")
    late = await claim(probe)
    await let_leases_expire(probe)
    await mark(probe, "accord")
    await SURVEYS.renew(probe.work.pool, late)
    assert await claim(probe) == [], "it is held again"
    await finish(probe, late)
    assert await probe.value("SELECT array_agg(key) FROM work") == ["accord"]


async def test_one_that_another_transaction_has_locked_keeps_nobody_elses_lease_from_being_renewed(probe) -> None:
    await mark(probe, "civic", "accord", "camry")
    items = await claim(probe)
    [locked] = [item for item in items if item.key == "civic"]
    await let_leases_expire(probe)
    leased = "SELECT array_agg(key ORDER BY key) FROM work WHERE leased_until > now()"
    async with probe.work.begin() as tx:
        # As a batch of events does that is long under way.
        await SURVEYS.mark(tx.connection, [(probe.tenant, probe.dealer, "civic")])
        assert await SURVEYS.renew(probe.work.pool, items) == [locked]
        assert await probe.value(leased) == ["accord", "camry"]
        assert await claim(probe) == [], "what is locked is nobody else's either"
        assert await SURVEYS.still_held(probe.work.pool, items) == items
    assert await SURVEYS.renew(probe.work.pool, items) == []
    assert await probe.value(leased) == ["accord", "camry", "civic"]


async def test_what_is_another_s_by_now_is_not_told_to_be_locked(probe) -> None:
    late = await taken_over(probe)
    assert await SURVEYS.renew(probe.work.pool, late) == []


async def test_what_others_queue_to_mark_is_renewed_in_its_turn(probe) -> None:
    """A key that every batch of events marks is locked whenever one looks, and its work must not be lost for that."""
    await mark(probe, "civic", "accord")
    items = await claim(probe)
    await let_leases_expire(probe)

    async def mark_as_well() -> None:
        async with probe.work.begin() as tx:
            await SURVEYS.mark(tx.connection, [(probe.tenant, probe.dealer, "civic")])

    async def waiting(count: int) -> None:
        await probe.eventually(lambda: probe.value(f"SELECT ({WAITING}) >= {count}"))

    async with asyncio.TaskGroup() as tasks, probe.work.begin() as tx:
        await SURVEYS.mark(tx.connection, [(probe.tenant, probe.dealer, "civic")])
        tasks.create_task(mark_as_well())
        await waiting(1)
        renewing = tasks.create_task(SURVEYS.renew(probe.work.pool, items))
        await waiting(2)
    assert renewing.result() == []
    assert await probe.value("SELECT bool_and(leased_until > now()) FROM work")


@pytest.mark.parametrize("end", [finish, release, fail], ids=["finished", "released", "failed"])
async def test_what_is_done_with_is_locked_in_the_order_in_which_it_is_marked(probe, end) -> None:
    await mark(probe, "accord", "civic", "pilot")
    items = sorted(await claim(probe), key=lambda item: item.key, reverse=True)

    async def locked(key: str) -> bool:
        try:
            async with probe.owner.transaction():
                await probe.owner.execute("SELECT 1 FROM work WHERE key = $1 FOR UPDATE NOWAIT", key)
        except asyncpg.LockNotAvailableError:
            return True
        return False

    async with asyncio.timeout(60):
        async with probe.work.pool.acquire() as other, other.transaction():
            await other.execute("SELECT 1 FROM work WHERE key = 'civic' FOR UPDATE")
            ending = asyncio.create_task(end(probe, items))
            while not await probe.value(WAITING):
                assert not ending.done()
                await asyncio.sleep(0.01)
            assert [await locked(key) for key in ("accord", "civic", "pilot")] == [True, True, False]
        await ending
    assert await probe.value("SELECT count(*) FROM work WHERE claim IS NOT NULL") == 0


@pytest.mark.parametrize("end", [finish, release, fail], ids=["finished", "released", "failed"])
async def test_a_mark_that_commits_while_work_is_done_with_is_not_lost(probe, end) -> None:
    await mark(probe, "accord", "civic")
    items = await claim(probe)
    async with asyncio.timeout(60):
        async with probe.work.begin() as tx:
            await SURVEYS.mark(tx.connection, [(probe.tenant, probe.dealer, "civic")])
            ending = asyncio.create_task(end(probe, items))
            while not await probe.value(WAITING):
                assert not ending.done()
                await asyncio.sleep(0.01)
        await ending
    left = await probe.owner.fetch("SELECT key, claim, generation FROM work WHERE key = 'civic'")
    assert [tuple(row) for row in left] == [("civic", None, 2)]
    assert await probe.value("SELECT count(*) FROM work WHERE claim IS NOT NULL") == 0
