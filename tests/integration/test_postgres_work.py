"""The work table: marks coalesce, a lease is one worker's, and nothing marked is ever forgotten."""

from __future__ import annotations

import asyncio

import pytest

from shared.events import new_event_id
from shared.postgres import WorkTable
from shared.postgres.work import MAX_ATTEMPTS
from tests.integration.marked_work import (
    SURVEYS,
    claim,
    fail,
    finish,
    let_leases_expire,
    make_due,
    mark,
    marking,
    seconds_ahead,
)


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
    [other] = await claim(probe)
    assert other.key == "civic"
    assert other.claim != dead[0].claim


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


async def test_what_is_to_be_marked_only_if_it_is_not_leaves_marks_as_they_are(probe) -> None:
    await mark(probe, "civic")
    await fail(probe, MAX_ATTEMPTS)
    before = await probe.owner.fetchrow("SELECT * FROM work")
    keys = [(probe.tenant, probe.dealer, key) for key in ("accord", "civic", "accord")]
    async with probe.work.begin() as tx:
        await SURVEYS.mark_missing(tx.connection, keys)
    assert await probe.owner.fetchrow("SELECT * FROM work WHERE key = 'civic'") == before
    assert sorted(item.key for item in await claim(probe)) == ["accord", "civic"]


async def test_a_claim_tells_for_how_long_its_work_was_due(probe) -> None:
    await mark(probe, "civic")
    await probe.owner.execute("UPDATE work SET due_at = now() - interval '90 seconds'")
    [item] = await claim(probe)
    assert 90 <= item.waited < 600


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
