"""Work that is given up: told, tried once an hour or soon after a mark, alone, and never in the way of what is sound."""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

from shared.messaging import EventRouter, create_service
from shared.postgres.work import MARKED_SECONDS, MAX_ATTEMPTS
from tests.integration import worked_queue
from tests.integration.worked_queue import (
    QUEUE,
    failed_tries,
    give_up,
    given_up,
    hurry,
    mark,
    results,
    store,
    three_fails,
    working,
)

quick_turns = worked_queue.quick_turns


async def test_what_fails_again_and_again_is_told_to_be_given_up_until_it_is_done(probe, monkeypatch) -> None:
    monkeypatch.setattr("shared.messaging.worker.MEASURE_SECONDS", 0.0)
    broken = True

    async def compute(items) -> None:
        if broken and any(item.key == "3" for item in items):
            message = "3 has no price"
            raise ValueError(message)
        await store(probe, items)

    async def told(count: int) -> bool:
        await hurry(probe)
        return given_up(probe) == count

    await mark(probe, *range(5))
    async with working(probe, compute):
        assert failed_tries(probe) == {"retried": 0, "given_up": 0, "postponed": 0, "taken_over": 0}
        assert await results(probe, 4) == [0, 1, 2, 4]
        await probe.eventually(lambda: told(1))
        assert failed_tries(probe) == {"retried": 4, "given_up": 1, "postponed": 0, "taken_over": 0}
        await probe.owner.execute("UPDATE work SET due_at = now()")  # an hour later
        await probe.eventually(lambda: asyncio.sleep(0, failed_tries(probe)["given_up"] == 2))
        assert given_up(probe) == 1
        broken = False
        await probe.owner.execute("UPDATE work SET due_at = now()")
        assert await results(probe, 5) == [0, 1, 2, 3, 4]
        await probe.eventually(lambda: told(0))


async def test_a_service_tells_at_its_start_what_is_given_up_in_its_queues(probe) -> None:
    async def drain(service) -> None:
        service.drain(QUEUE, lambda items: store(probe, items))

    await mark(probe, 1, 2)
    await probe.owner.execute("UPDATE work SET attempts = $1, due_at = now() + interval '1 hour'", MAX_ATTEMPTS)
    router = EventRouter(probe.service)
    app = create_service(
        probe.service, router, postgres=probe.postgres, kafka=probe.kafka, telemetry=probe.telemetry, build=drain
    )
    async with app.start_lifespan_context():
        await probe.eventually(lambda: asyncio.sleep(0, given_up(probe) == 2))
    assert failed_tries(probe) == {"retried": 0, "given_up": 0, "postponed": 0, "taken_over": 0}


async def test_what_is_given_up_is_tried_apart_and_spoils_no_batch(probe) -> None:
    tried: list[list[int]] = []

    await mark(probe, *range(6))
    await probe.owner.execute(
        "UPDATE work SET attempts = $1, due_at = due_at - key::int * interval '1 minute' WHERE key IN ('3', '4')",
        MAX_ATTEMPTS,
    )
    async with working(probe, three_fails(probe, tried)):
        assert await results(probe, 5) == [0, 1, 2, 4, 5]
        await probe.eventually(lambda: asyncio.sleep(0, failed_tries(probe)["given_up"] == 1))
    assert tried == [[0, 1, 2, 5], [4], [3]]


async def test_what_fails_always_and_is_marked_again_and_again_is_given_up_and_tried_alone(
    probe, monkeypatch
) -> None:
    monkeypatch.setattr("shared.messaging.worker.MEASURE_SECONDS", 0.0)
    tried: list[list[int]] = []

    async def all_tried() -> bool:
        return await probe.value("SELECT count(*) = 0 FROM work WHERE due_at <= now() OR leased_until > now()")

    seconds, began = 150, time.monotonic()
    async with working(probe, three_fails(probe, tried)):
        for _ in range(seconds):
            await mark(probe, 1, 3)
            await probe.eventually(all_tried)
            await probe.owner.execute(
                "UPDATE work SET due_at = due_at - interval '1 s', latest_at = latest_at - interval '1 s'"
            )
        await probe.eventually(lambda: asyncio.sleep(0, given_up(probe) == 1))
    spoilt = [keys for keys in tried if len(keys) > 1 and 3 in keys]
    alone = [keys for keys in tried if keys == [3]]
    assert len(spoilt) <= MAX_ATTEMPTS
    passed = seconds + time.monotonic() - began
    assert MAX_ATTEMPTS < len(alone) <= MAX_ATTEMPTS + 2 * passed / MARKED_SECONDS
    assert len(await probe.effects()) == seconds


async def test_much_that_is_given_up_does_not_hold_up_what_is_sound(probe) -> None:
    tried, trying, fresh_is_marked, broken = [], asyncio.Event(), asyncio.Event(), uuid4()

    async def compute(items) -> None:
        tried.append({item.tenant_id for item in items})
        trying.set()
        if any(item.tenant_id == broken for item in items):
            await fresh_is_marked.wait()
            message = "no price"
            raise ValueError(message)
        await store(probe, items)

    await mark(probe, *range(100), tenant=broken)
    await probe.owner.execute("UPDATE work SET attempts = $1, due_at = now() - interval '2 hours'", MAX_ATTEMPTS)
    async with working(probe, compute):
        await trying.wait()
        await mark(probe, 1000)
        fresh_is_marked.set()
        assert await results(probe, 1) == [1000]
    assert tried[:2] == [{broken}, {probe.tenant}]


async def test_work_goes_on_while_what_is_given_up_cannot_be_counted(probe, monkeypatch) -> None:
    monkeypatch.setattr("shared.messaging.worker.MEASURE_SECONDS", 3600.0)
    counts = []

    async def take_too_long(pool) -> int:
        counts.append(pool)
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("SET LOCAL statement_timeout = 20")
            await connection.execute("SELECT pg_sleep(60)")
        return 0

    monkeypatch.setattr(QUEUE, "given_up", take_too_long)
    async with working(probe, lambda items: store(probe, items)):
        for turn in (1, 2, 3):
            await mark(probe, turn)
            assert await results(probe, turn) == list(range(1, turn + 1))
    assert len(counts) == 1, "it is not tried again before its time"
    assert given_up(probe) is None


async def test_what_is_given_up_is_not_tried_while_what_the_others_need_is_away(probe) -> None:
    tried = []

    async def compute(items) -> None:
        tried.append(sorted(int(item.key) for item in items))
        message = "the database is away"
        raise ConnectionError(message)

    await give_up(probe, 2)
    before = await probe.owner.fetchrow("SELECT due_at, error FROM work")
    await mark(probe, 1)
    async with working(probe, compute):
        await probe.eventually(lambda: probe.value("SELECT error LIKE 'Connection%' FROM work WHERE key = '1'"))
        await probe.eventually(lambda: probe.value("SELECT leased_until IS NULL FROM work WHERE key = '2'"))
    assert [1] in tried
    assert not any(2 in keys for keys in tried)
    assert await probe.owner.fetchrow("SELECT due_at, error FROM work WHERE key = '2'") == before


async def test_one_whose_need_is_away_does_not_keep_the_others_behind_it_from_their_tries(probe, monkeypatch) -> None:
    monkeypatch.setattr("shared.messaging.turns.AGAIN_SECONDS", 0.01)
    monkeypatch.setattr("shared.messaging.given_up.RESTS", 0.0)

    async def compute(items) -> None:
        if any(item.key == "1" for item in items):
            message = "the store of this one is away"
            raise ConnectionError(message)
        await store(probe, items)

    await give_up(probe, 1, minutes=60)
    await give_up(probe, 2, 3)
    async with working(probe, compute):
        assert await results(probe, 2) == [2, 3]


async def test_a_tenant_that_takes_too_long_keeps_no_other_tenants_given_up_work(probe) -> None:
    slow = uuid4()

    async def compute(items) -> None:
        if any(item.tenant_id == slow for item in items):
            async with probe.work.begin() as tx:
                await tx.connection.execute("SET LOCAL statement_timeout = 20")
                await tx.connection.execute("SELECT pg_sleep(60)")
        await store(probe, items)

    await give_up(probe, 1)
    await mark(probe, 2, 3, tenant=slow)
    async with working(probe, compute):
        assert await results(probe, 1) == [1]


async def test_a_turn_whose_time_is_over_gives_what_is_given_up_back_as_it_was(probe) -> None:
    tried, held = [], []

    async def compute(items) -> None:
        tried.extend(item.key for item in items)
        held.append(await probe.value("SELECT claim IS NOT NULL FROM work WHERE key = '2'"))
        await store(probe, items)

    await give_up(probe, 2)
    before = await probe.owner.fetchrow("SELECT due_at, attempts, error FROM work")
    await mark(probe, 1)
    async with working(probe, compute, tries=0.0):
        assert await results(probe, 1) == [1]
        await probe.eventually(lambda: probe.value("SELECT claim IS NULL FROM work WHERE key = '2'"))
    assert (tried, held) == (["1"], [True])
    assert await probe.owner.fetchrow("SELECT due_at, attempts, error FROM work") == before
