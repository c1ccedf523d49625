"""The consumer: at least once delivered, once in effect, acknowledged only when committed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from shared.messaging.consumer import BatchConsumer


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch) -> None:
    monkeypatch.setattr("shared.messaging.consumer.BACKOFF_SECONDS", 0.01)


@pytest.fixture
def on_apache_kafka(broker_kind) -> None:
    if broker_kind != "apache":
        pytest.skip("the in-memory broker hands out what is there, one send at a time, however little it is")


def failing(probe, times: int, error: Exception):
    """Give a handler that fails some times and then works, and its calls."""
    calls: list[list[int]] = []

    async def handle(events, tx) -> None:
        calls.append([event.n for event in events])
        await probe.note(events, tx)
        if len(calls) <= times:
            raise error

    return handle, calls


async def test_events_are_handled_in_order_and_acknowledged(probe) -> None:
    await probe.send(*(probe.event(n) for n in range(100)))
    async with probe.running():
        await probe.caught_up(100)
    assert await probe.effects() == list(range(100))
    assert probe.counted("handled") == 100


async def test_a_service_that_gathers_takes_in_one_record_too_and_all_of_many(probe) -> None:
    async with probe.running(gathers=True):
        await probe.send(probe.event(0))
        await probe.caught_up(1)
        await probe.send(*(probe.event(n) for n in range(1, 1500)))
        await probe.caught_up(1500)
    assert await probe.effects() == list(range(1500))
    assert probe.counted("handled") == 1500


@pytest.mark.parametrize("gathers", [True, False])
async def test_a_service_that_gathers_takes_in_twice_as_many_at_a_time(probe, on_apache_kafka, gathers) -> None:
    probe = replace(probe, kafka=probe.kafka.model_copy(update={"batch_records": 10}))
    sizes = []

    async def note_size(events, tx) -> None:
        sizes.append(len(events))
        await probe.note(events, tx)

    await probe.send(*(probe.event(n) for n in range(100)))
    async with probe.running(note_size, gathers=gathers):
        await probe.caught_up(100)
    assert max(sizes) == (20 if gathers else 10)


async def test_a_service_that_gathers_lets_a_small_event_wait_for_more(probe, on_apache_kafka) -> None:
    """The broker would hold it for a minute; the large one behind it makes the fetch worth answering."""
    probe = replace(probe, kafka=probe.kafka.model_copy(update={"fetch_max_wait_ms": 60_000}))
    batches = []

    async def note_batch(events, tx) -> None:
        batches.append([event.n for event in events])
        await probe.note(events, tx)

    enough = "x" * 20_000
    async with probe.running(note_batch, gathers=True):
        await probe.send(probe.event(0, text=enough))
        await probe.caught_up(1)  # from now on it waits for what comes
        await probe.send(probe.event(1))
        await probe.send(probe.event(2, text=enough))
        await probe.caught_up(3)
    assert batches == [[0], [1, 2]]


async def test_what_waits_behind_a_batch_is_told_by_the_broker(probe, monkeypatch) -> None:
    """Of large records a fetch gives few: by their number alone, who is far behind would seem to keep up."""
    told, keeps_up = [], BatchConsumer._keeps_up

    def note_what_waits(consumer, taken, waiting) -> bool:
        told.append((taken, waiting()))
        return keeps_up(consumer, taken, waiting)

    monkeypatch.setattr(BatchConsumer, "_keeps_up", note_what_waits)
    await probe.send(*(probe.event(n, text="x" * 30_000) for n in range(120)))
    async with probe.running(gathers=True):
        await probe.caught_up(120)
    assert len(told) > 2, "a fetch gives a mebibyte at most"
    left = 120
    for taken, waiting in told:
        left -= taken
        assert waiting == left


async def test_nothing_is_acknowledged_before_its_effects_are_committed(probe) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def hesitate(events, tx) -> None:
        await probe.note(events, tx)
        entered.set()
        await leave.wait()

    await probe.send(probe.event(1))
    async with probe.running(hesitate):
        await asyncio.wait_for(entered.wait(), 60)
        assert await probe.committed() is None
        assert await probe.effects() == []
        leave.set()
        await probe.caught_up(1)
        assert await probe.effects() == [1]


async def test_a_passing_failure_is_tried_again_on_the_spot(probe) -> None:
    handle, calls = failing(probe, 1, ConnectionError("the database is away"))
    await probe.send(probe.event(1))
    async with probe.running(handle):
        await probe.caught_up(1)
    assert calls == [[1], [1]]
    assert await probe.effects() == [1]
    assert (probe.counted("retried"), probe.counted("handled")) == (1, 1)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("the database is away"),
        TimeoutError("no answer"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_longer_passing_failure_is_redelivered_until_it_succeeds(probe, error) -> None:
    handle, calls = failing(probe, 5, error)  # Two tries a delivery.
    await probe.send(probe.event(1), probe.event(2), probe.event(3))
    async with probe.running(handle):
        await probe.caught_up(3)
    assert len(calls) >= 6
    assert await probe.effects() == [1, 2, 3]
    assert await probe.value("SELECT count(*) FROM dead_letter") == 0


async def test_an_event_whose_connection_is_cut_is_not_to_blame(probe) -> None:
    cuts = 0

    async def be_cut_off_thrice(events, tx) -> None:
        nonlocal cuts
        await probe.note(events, tx)
        if cuts < 3:
            cuts += 1
            await tx.connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    await probe.send(probe.event(1))
    async with probe.running(be_cut_off_thrice):
        await probe.caught_up(1)
    assert cuts == 3
    assert await probe.effects() == [1]
    assert await probe.value("SELECT count(*) FROM dead_letter") == 0


async def test_a_failed_batch_leaves_nothing_behind(probe) -> None:
    seen = []

    async def look_then_fail_once(events, tx) -> None:
        if events[0].n >= 100:
            return
        seen.append(await tx.connection.fetchval("SELECT count(*) FROM inbox"))
        await probe.note(events, tx)
        tx.emit(probe.event(100 + len(seen)))
        if len(seen) == 1:
            message = "the database is away"
            raise ConnectionError(message)

    await probe.send(probe.event(1))
    async with probe.running(look_then_fail_once):
        await probe.caught_up(1)
    assert seen == [1, 1]  # Each try entered its own inbox row; the first one's was rolled back.
    assert await probe.effects() == [1]
    assert await probe.value("SELECT count(*) FROM outbox") == 1


async def test_an_event_twice_in_a_batch_takes_effect_once(probe) -> None:
    batches = []

    async def note_batches(events, tx) -> None:
        batches.append(len(events))
        await probe.note(events, tx)

    once, twice = probe.event(1), probe.event(2)
    await probe.send(once, twice, twice, once)
    async with probe.running(note_batches):
        await probe.caught_up(4)
    assert await probe.effects() == [1, 2]
    assert sum(batches) == 2
    assert (probe.counted("handled"), probe.counted("duplicate")) == (2, 2)


async def test_an_event_in_two_batches_takes_effect_once(probe) -> None:
    event = probe.event(1)
    await probe.send(event)
    async with probe.running():
        await probe.caught_up(1)
        await probe.send(event, probe.event(2))
        await probe.caught_up(3)
    assert await probe.effects() == [1, 2]
    assert probe.counted("duplicate") == 1


async def test_a_replay_of_the_whole_topic_changes_nothing(probe) -> None:
    await probe.send(*(probe.event(n) for n in range(30)))
    async with probe.running():
        await probe.caught_up(30)
    await probe.rewind()
    async with probe.running():
        await probe.caught_up(30)
        assert probe.counted("duplicate") == 30
    assert await probe.effects() == list(range(30))


async def test_a_service_that_was_away_starts_where_it_stopped(probe) -> None:
    await probe.send(probe.event(1))
    async with probe.running():
        await probe.caught_up(1)
    await probe.send(probe.event(2))
    async with probe.running():
        await probe.caught_up(2)
        assert probe.counted("duplicate") == 0
    assert await probe.effects() == [1, 2]
