"""Given-up work in its table: tried each hour or soon after a mark, claimed apart, and sound again once it succeeds."""

from __future__ import annotations

from shared.postgres import WorkTable
from shared.postgres.work import GIVEN_UP_SECONDS, MARKED_SECONDS, MAX_ATTEMPTS
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
    assert [item.given_up for item in await claim(probe)] == [True]


async def test_a_failed_item_does_not_hold_up_others(probe) -> None:
    await mark(probe, "civic", "accord")
    for _ in range(MAX_ATTEMPTS):
        items = [item for item in await claim(probe) if item.key == "civic"]
        assert items
        await make_due(probe)
        async with probe.owner.transaction():  # a moment that lasts: soon the one is due again
            await SURVEYS.fail(probe.owner, items, "no price")
            await let_leases_expire(probe)
            assert [item.key for item in await SURVEYS.claim(probe.owner, limit=100)] == ["accord"]
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
    before = await probe.owner.fetchrow("SELECT * FROM work")
    await SURVEYS.release(probe.work.pool, await claim(probe))
    assert await probe.owner.fetchrow("SELECT * FROM work") == before
    items = await claim(probe)
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
