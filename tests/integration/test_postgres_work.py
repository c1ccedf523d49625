"""The work table: marks coalesce, a lease is one worker's, and nothing marked is ever forgotten."""

from __future__ import annotations

import asyncio

import pytest

from shared.events import new_event_id
from shared.postgres import WorkTable
from shared.postgres.work import GIVEN_UP_SECONDS, MARKED_SECONDS, MAX_ATTEMPTS

SURVEYS = WorkTable("surveys")


async def mark(probe, *keys: str, queue: WorkTable = SURVEYS, **delays: float) -> None:
    async with probe.work.begin() as tx:
        await queue.mark(tx.connection, [(probe.tenant, probe.dealer, key) for key in keys], **delays)


async def claim(probe, limit: int = 100, **lease: float) -> list:
    return await SURVEYS.claim(probe.work.pool, limit=limit, **lease)


async def finish(probe, items) -> None:
    async with probe.work.begin() as tx:
        await SURVEYS.finish(tx.connection, items)


async def make_due(probe) -> None:
    """Let the time pass that everything waits for."""
    await probe.owner.execute("UPDATE work SET due_at = now() - interval '1 second'")


async def let_leases_expire(probe) -> None:
    await probe.owner.execute("UPDATE work SET leased_until = now() - interval '1 second'")


async def seconds_ahead(probe, act) -> tuple[float, float]:
    """Do something to the one item and give how far ahead of that moment it is due, and due at the latest."""
    async with probe.owner.transaction():
        await act(probe.owner)
        row = await probe.owner.fetchrow(
            "SELECT extract(epoch FROM due_at - now()), extract(epoch FROM latest_at - now()) FROM work"
        )
    return float(row[0]), float(row[1])


def marking(probe, **delays: float):
    return lambda connection: SURVEYS.mark(connection, [(probe.tenant, probe.dealer, "civic")], **delays)


async def test_marks_of_a_key_coalesce_into_one_item(probe) -> None:
    for _ in range(3):
        await mark(probe, "civic", "civic", "accord")
    items = await claim(probe)
    assert sorted(item.key for item in items) == ["accord", "civic"]
    await finish(probe, items)
    assert await probe.value("SELECT count(*) FROM work") == 0


async def test_the_same_key_of_two_dealers_or_queues_is_not_the_same_work(probe) -> None:
    await mark(probe, "civic")
    await mark(probe, "civic", queue=WorkTable("other"))
    probe.dealer = new_event_id()
    await mark(probe, "civic")
    assert len(await claim(probe)) == 2
    assert len(await WorkTable("other").claim(probe.work.pool, limit=10)) == 1


async def test_a_mark_that_is_rolled_back_is_no_work(probe) -> None:
    async def mark_then_fail() -> None:
        async with probe.work.begin() as tx:
            await SURVEYS.mark(tx.connection, [(probe.tenant, probe.dealer, "civic")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await mark_then_fail()
    assert await claim(probe) == []


async def test_no_two_workers_hold_the_same_item(probe) -> None:
    await mark(probe, *(f"segment {n}" for n in range(40)))
    claims = await asyncio.gather(*(claim(probe, limit=10) for _ in range(6)))
    keys = [item.key for one in claims for item in one]
    assert len(keys) == len(set(keys)) == 40
    assert await claim(probe) == []


async def test_a_claim_takes_the_oldest_and_no_more_than_its_limit(probe) -> None:
    for n in range(20):
        await mark(probe, str(n))
    assert [sorted(int(item.key) for item in await claim(probe, limit)) for limit in (1, 3, 2)] == [
        [0],
        [1, 2, 3],
        [4, 5],
    ]


async def test_the_items_of_a_dead_worker_go_to_another(probe) -> None:
    await mark(probe, "civic")
    dead = await claim(probe)
    assert await claim(probe) == []
    await let_leases_expire(probe)
    assert await claim(probe) == dead


async def test_what_is_marked_while_it_is_computed_is_computed_again(probe) -> None:
    await mark(probe, "civic")
    items = await claim(probe)
    await mark(probe, "civic")
    assert await claim(probe) == []  # Still one worker's.
    await finish(probe, items)
    [again] = await claim(probe)
    assert (again.key, again.generation) == ("civic", items[0].generation + 1)
    await finish(probe, [again])
    assert await probe.value("SELECT count(*) FROM work") == 0


async def test_a_mark_during_computing_waits_its_own_delay(probe) -> None:
    await mark(probe, "civic")
    items = await claim(probe)
    assert await seconds_ahead(probe, marking(probe, delay=3600, patience=7200)) == (3600, 7200)
    await finish(probe, items)
    assert await claim(probe) == []


async def fail(probe, times: int, **how: object) -> list[tuple[int, float]]:
    """Have the one item fail; gives how many of it are given up, and for how many seconds it then waits, each time."""
    found = []
    for _ in range(times):
        items = await claim(probe)

        async def act(owner, items=items) -> None:
            found.append(await SURVEYS.fail(owner, items, "no price", **how))

        waits, _ = await seconds_ahead(probe, act)
        found[-1] = (found[-1], waits)
        assert await claim(probe) == []
        await make_due(probe)
    return found


async def test_a_failed_item_waits_twice_as_long_each_time_and_then_an_hour_each_time(probe) -> None:
    await mark(probe, "civic")
    assert await fail(probe, 4) == [(0, 1), (0, 2), (0, 4), (0, 8)]
    assert await fail(probe, 40) == 40 * [(1, GIVEN_UP_SECONDS)]
    assert await probe.value("SELECT attempts FROM work") == MAX_ATTEMPTS


async def test_a_given_up_item_that_something_else_keeps_from_its_try_goes_to_the_end_of_its_line(probe) -> None:
    await mark(probe, "civic")
    await fail(probe, MAX_ATTEMPTS)
    items = await claim(probe)
    how = {"counts": False, "delay": 7.0}
    waits, _ = await seconds_ahead(probe, lambda owner: SURVEYS.fail(owner, items, "the database is away", **how))
    assert waits == 0
    assert await claim(probe) == items


async def test_a_failed_item_does_not_hold_up_others(probe) -> None:
    await mark(probe, "civic", "accord")
    for _ in range(MAX_ATTEMPTS):
        items = [item for item in await claim(probe) if item.key == "civic"]
        assert items
        await make_due(probe)
        await SURVEYS.fail(probe.work.pool, items, "no price")
        await let_leases_expire(probe)
        assert [item.key for item in await claim(probe)] == ["accord"]
        await let_leases_expire(probe)
        await probe.owner.execute("UPDATE work SET due_at = now() WHERE attempts < $1", MAX_ATTEMPTS)
    assert [item.key for item in await claim(probe)] == ["accord"]
    assert await probe.value("SELECT error FROM work WHERE key = 'civic'") == "no price"


async def test_a_given_up_item_whose_trouble_is_over_is_done_at_its_next_try(probe) -> None:
    await mark(probe, "civic")
    await fail(probe, MAX_ATTEMPTS)
    await finish(probe, await claim(probe))
    assert await probe.value("SELECT count(*) FROM work") == 0


async def test_marks_of_a_failed_item_take_it_neither_its_tries_nor_its_wait(probe) -> None:
    await mark(probe, "civic")
    waits = []
    for _ in range(MAX_ATTEMPTS):
        await SURVEYS.fail(probe.work.pool, await claim(probe), "no price")
        due = await probe.value("SELECT due_at FROM work")
        for _ in range(3):
            await mark(probe, "civic", delay=0.5, patience=1.0)
        waits.append(await probe.value("SELECT due_at FROM work") == due)
        await make_due(probe)
    assert waits == [True, True, True, True, False], "what is given up does not wait its hour"
    assert await probe.value("SELECT attempts FROM work") == MAX_ATTEMPTS
    assert await probe.value("SELECT error FROM work") == "no price"


async def test_a_mark_has_what_is_given_up_tried_soon_and_further_marks_change_nothing(probe) -> None:
    await mark(probe, "civic")
    await fail(probe, MAX_ATTEMPTS)
    await SURVEYS.fail(probe.work.pool, await claim(probe), "no price")
    assert (await seconds_ahead(probe, marking(probe, delay=1, patience=5)))[0] == MARKED_SECONDS
    due = await probe.value("SELECT due_at FROM work")
    await mark(probe, "civic", delay=1, patience=5)
    assert await probe.value("SELECT due_at FROM work") == due
    assert await SURVEYS.given_up(probe.work.pool) == 1
    await make_due(probe)
    await mark(probe, "civic")
    assert [item.given_up for item in await claim(probe)] == [True]


async def test_what_is_given_up_and_marked_during_its_try_is_soon_tried_again(probe) -> None:
    await mark(probe, "civic")
    await fail(probe, MAX_ATTEMPTS)
    items = await claim(probe)
    await mark(probe, "civic")
    waits, _ = await seconds_ahead(probe, lambda owner: SURVEYS.fail(owner, items, "no price"))
    assert waits == MARKED_SECONDS


async def test_what_succeeds_and_was_marked_meanwhile_is_sound_again(probe) -> None:
    await mark(probe, "civic")
    await fail(probe, MAX_ATTEMPTS)
    items = await claim(probe)
    await mark(probe, "civic")
    await finish(probe, items)
    assert await SURVEYS.given_up(probe.work.pool) == 0
    assert await probe.value("SELECT error FROM work") is None
    assert [(item.key, item.given_up) for item in await claim(probe)] == [("civic", False)]


async def test_what_is_to_be_marked_only_if_it_is_not_leaves_marks_as_they_are(probe) -> None:
    await mark(probe, "civic")
    await fail(probe, MAX_ATTEMPTS)
    before = await probe.owner.fetchrow("SELECT * FROM work")
    keys = [(probe.tenant, probe.dealer, key) for key in ("accord", "civic", "accord")]
    async with probe.work.begin() as tx:
        await SURVEYS.mark_missing(tx.connection, keys)
    assert await probe.owner.fetchrow("SELECT * FROM work WHERE key = 'civic'") == before
    assert sorted(item.key for item in await claim(probe)) == ["accord", "civic"]


async def test_of_what_is_given_up_a_claim_takes_as_much_as_it_is_told_beside_what_is_sound(probe) -> None:
    await mark(probe, *(f"broken {n}" for n in range(40)))
    await probe.owner.execute("UPDATE work SET attempts = $1, due_at = now() - interval '2 hours'", MAX_ATTEMPTS)
    await mark(probe, "1", "2", "3")
    claims = [await SURVEYS.claim(probe.work.pool, limit=2, given_up=given_up) for given_up in (1, 0, 4)]
    assert [sum(not item.given_up for item in items) for items in claims] == [2, 1, 0]
    assert [sum(item.given_up for item in items) for items in claims] == [1, 0, 4]


async def test_what_goes_back_untried_is_as_it_was(probe) -> None:
    await mark(probe, "civic")
    await fail(probe, MAX_ATTEMPTS)
    before = await probe.owner.fetchrow("SELECT due_at, attempts, error, leased_until FROM work")
    await SURVEYS.release(probe.work.pool, items := await claim(probe))
    assert await probe.owner.fetchrow("SELECT due_at, attempts, error, leased_until FROM work") == before
    assert await claim(probe) == items
    await mark(probe, "civic", delay=60)
    await SURVEYS.release(probe.work.pool, items)
    assert len(await claim(probe)) == 1, "a mark meanwhile does not put off what waits for its try"


async def test_what_was_healed_and_marked_meanwhile_waits_as_its_mark_would_have_it(probe) -> None:
    await mark(probe, "civic")
    await fail(probe, MAX_ATTEMPTS)
    items = await claim(probe)
    await mark(probe, "civic", delay=30, patience=60)
    await finish(probe, items)
    waits = await probe.owner.fetchval("SELECT extract(epoch FROM due_at - now())::float8 FROM work")
    assert 20 < waits < 61


async def test_what_is_given_up_is_counted_by_queue(probe) -> None:
    await mark(probe, "civic", "accord", "pilot")
    await mark(probe, "civic", queue=WorkTable("other"))
    await probe.owner.execute("UPDATE work SET attempts = $1 WHERE key <> 'pilot'", MAX_ATTEMPTS)
    assert [await queue.given_up(probe.work.pool) for queue in (SURVEYS, WorkTable("other"))] == [2, 1]


@pytest.mark.parametrize("plan", ["force_custom_plan", "force_generic_plan"])
async def test_a_claim_reads_what_it_takes_and_nothing_else(probe, plan: str) -> None:
    await probe.owner.execute(
        "INSERT INTO work (queue, key, tenant_id, dealer_id, due_at, latest_at, attempts)"
        " SELECT 'surveys', n::text, $1, $2, now() + make_interval(secs => n % 7200 - 3600), now(), n % 2 * $3::int"
        " FROM generate_series(1, 20000) AS n",
        probe.tenant, probe.dealer, MAX_ATTEMPTS,
    )  # fmt: skip
    await probe.owner.execute("VACUUM ANALYZE work")
    await probe.owner.execute(f"SET plan_cache_mode = {plan}")
    async with probe.owner.transaction():
        assert len(await SURVEYS.claim(probe.owner, limit=32, given_up=8)) == 40
        read = await probe.owner.fetchrow(
            "SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relid = 'work'::regclass"
        )
    assert read["seq_tup_read"] == 0
    assert read["idx_tup_fetch"] <= 2 * 40, "those to claim, and them again to update"


async def test_an_error_text_that_postgres_refuses_does_not_keep_the_item(probe) -> None:
    await mark(probe, "civic")
    await SURVEYS.fail(probe.work.pool, await claim(probe), "no\x00price")
    assert await probe.value("SELECT error FROM work WHERE leased_until IS NULL") == "noprice"


async def test_each_mark_delays_the_computation_until_patience_runs_out(probe) -> None:
    assert await seconds_ahead(probe, marking(probe, delay=60, patience=100)) == (60, 100)
    await mark(probe, "civic", delay=70, patience=100)
    await probe.owner.execute("UPDATE work SET latest_at = latest_at - interval '90 s'")  # They pass.
    latest = await probe.value("SELECT latest_at FROM work")
    for _ in range(3):  # A burst that goes on: due when the first mark has waited long enough, never later.
        await mark(probe, "civic", delay=60, patience=100)
        assert await probe.value("SELECT due_at FROM work") == latest
    await make_due(probe)
    assert len(await claim(probe)) == 1
