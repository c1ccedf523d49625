"""The worker: one bad item holds up nobody, and a dead process costs one item its turn."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, cast

import pytest

from shared.messaging import ComputePool, EventRouter, create_service
from shared.messaging.ending import end
from tests.integration import worked_queue
from tests.integration.worked_queue import (
    QUEUE,
    failed_tries,
    mark,
    results,
    store,
    worker_of,
    working,
)

if TYPE_CHECKING:
    from shared.messaging.arrivals import Arrivals

quick_turns = worked_queue.quick_turns


class Flood:
    """A service whose events arrive late, or not, as it is told."""

    pressure = 0.0

    def __init__(self) -> None:
        self.high = True
        self.asked = asyncio.Event()

    @property
    def late(self) -> bool:
        self.asked.set()
        return self.high


async def test_a_worker_steps_back_while_events_arrive_late_but_not_for_ever(probe, monkeypatch) -> None:
    flood = Flood()
    await mark(probe, 1)
    arrivals = cast("Arrivals", flood)
    worker = worker_of(probe, lambda items: store(probe, items), arrivals=arrivals)
    task = asyncio.create_task(worker.run())
    try:
        await flood.asked.wait()
        assert await probe.effects() == []
        flood.high = False
        assert await results(probe, 1) == [1]
        flood.high = True
        monkeypatch.setattr("shared.messaging.worker.STEP_BACK_SECONDS", 0.0)
        await mark(probe, 2)
        assert await results(probe, 2) == [1, 2]
    finally:
        await end(task)


class Stream:
    """A service that takes in a stream of events, or not, as it is told."""

    late = False

    def __init__(self, pressure: float = 1.0) -> None:
        self.high = True
        self.asked = asyncio.Event()
        self._pressure = pressure

    @property
    def pressure(self) -> float:
        self.asked.set()
        return self._pressure if self.high else 0.0


async def test_a_worker_rests_for_longer_while_events_stream_in_and_no_longer_than_they_do(
    probe, monkeypatch
) -> None:
    monkeypatch.setattr("shared.messaging.worker.STREAM_RESTS", 1e6)
    monkeypatch.setattr("shared.messaging.worker.STREAM_REST_SECONDS", 600.0)
    monkeypatch.setattr("shared.messaging.worker.HARD_REST_SECONDS", 600.0)
    stream = Stream()
    await mark(probe, 1)
    arrivals = cast("Arrivals", stream)
    worker = worker_of(probe, lambda items: store(probe, items), arrivals=arrivals)
    task = asyncio.create_task(worker.run())
    try:
        assert await results(probe, 1) == [1]
        await mark(probe, 2)
        stream.asked.clear()
        await stream.asked.wait()  # it looked whether it may go on, with something to do
        assert await probe.effects() == [1]
        stream.high = False
        assert await results(probe, 2) == [1, 2]
    finally:
        await end(task)


@pytest.mark.parametrize(
    ("pressure", "rest", "waited", "age"),
    [
        pytest.param(1.0, 0.3, 60.0, "0 hours", id="without-end"),
        pytest.param(1e6, 0.01, 3_600.0, "2 hours", id="hard-and-it-has-waited"),
        pytest.param(1e6, 0.01, 2.0, "0 hours", id="hard-and-it-waits"),
    ],
)
async def test_no_stream_starves_a_worker(probe, monkeypatch, pressure, rest, waited, age) -> None:
    monkeypatch.setattr("shared.messaging.worker.STREAM_RESTS", 1e6)
    monkeypatch.setattr("shared.messaging.worker.STREAM_REST_SECONDS", rest)
    monkeypatch.setattr("shared.messaging.worker.HARD_REST_SECONDS", 3_600.0)
    monkeypatch.setattr("shared.messaging.worker.WAITED_SECONDS", waited)
    await mark(probe, 1)
    await probe.owner.execute("UPDATE work SET due_at = due_at - $1::text::interval", age)
    worker = worker_of(probe, lambda items: store(probe, items), arrivals=cast("Arrivals", Stream(pressure)))
    task = asyncio.create_task(worker.run())
    try:
        assert await results(probe, 1) == [1]
        await mark(probe, 2)
        assert await results(probe, 2) == [1, 2]
    finally:
        await end(task)


async def test_what_a_service_takes_for_a_stream_is_its_setting(probe) -> None:
    built = []

    async def keep(service) -> None:
        built.append(service)

    for rate in (1.0, 0.0):
        kafka = probe.kafka.model_copy(update={"stream_per_second": rate})
        router = EventRouter(probe.service)
        app = create_service(
            probe.service, router, postgres=probe.postgres, kafka=kafka, telemetry=probe.telemetry, build=keep
        )
        async with app.start_lifespan_context():
            built[-1].arrivals._clock = lambda: 0.0  # which does not go on meanwhile
            built[-1].arrivals.took_in([object()] * 2)
            assert built[-1].arrivals.pressure == rate


async def test_marked_items_are_computed_and_taken_off(probe) -> None:
    await mark(probe, *range(50))
    async with working(probe, lambda items: store(probe, items)):
        assert await results(probe, 50) == list(range(50))
        assert await probe.value("SELECT count(*) FROM work") == 0
        await mark(probe, 7)
        assert len(await results(probe, 51)) == 51


async def test_a_bad_item_fails_alone(probe) -> None:
    async def compute(items) -> None:
        if any(item.key == "3" for item in items):
            message = "3 has no price"
            raise ValueError(message)
        await store(probe, items)

    await mark(probe, *range(10))
    async with working(probe, compute):
        assert await results(probe, 9) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
        failed = await probe.eventually(lambda: probe.owner.fetchrow("SELECT * FROM work WHERE attempts > 0"))
    assert failed["error"] == "ValueError: 3 has no price"
    assert await probe.value("SELECT count(*) FROM work") == 1


async def test_an_item_that_kills_the_computing_process_fails_alone(probe) -> None:
    pool = ComputePool()

    async def compute(items) -> None:
        for item in items:
            await pool.run(os._exit if item.key == "3" else abs, int(item.key))
        await store(probe, items)

    await mark(probe, 1, 2, 3, 4)
    try:
        async with working(probe, compute):
            assert await results(probe, 3) == [1, 2, 4]
            failed = await probe.eventually(lambda: probe.owner.fetchrow("SELECT * FROM work WHERE attempts > 0"))
    finally:
        await pool.close()
    assert failed["key"] == "3"
    assert "died" in failed["error"]


async def test_a_passing_failure_is_computed_later_and_uses_up_no_try(probe) -> None:
    calls, looked = [], asyncio.Event()

    async def compute(items) -> None:
        calls.append(len(items))
        if len(calls) == 1:
            message = "the database is away"
            raise ConnectionError(message)
        await looked.wait()
        await store(probe, items)

    await mark(probe, 1, 2, 3)
    async with working(probe, compute):
        await probe.eventually(lambda: probe.value("SELECT count(*) = 3 FROM work WHERE error IS NOT NULL"))
        assert await probe.value("SELECT max(attempts) FROM work") == 0
        assert failed_tries(probe) == {"retried": 0, "given_up": 0, "postponed": 3, "taken_over": 0}
        assert calls[0] == 3
        looked.set()
        await probe.owner.execute("UPDATE work SET due_at = now()")
        assert await results(probe, 3) == [1, 2, 3]


async def test_an_item_marked_anew_while_it_is_computed_is_computed_again(probe) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def compute(items) -> None:
        entered.set()
        await leave.wait()
        await store(probe, items)

    await mark(probe, 1)
    async with working(probe, compute):
        await asyncio.wait_for(entered.wait(), 60)
        await mark(probe, 1)
        leave.set()
        assert await results(probe, 2) == [1, 1]
        await probe.eventually(lambda: probe.value("SELECT count(*) = 0 FROM work"))


async def test_a_worker_survives_losing_the_database(probe) -> None:
    async with working(probe, lambda items: store(probe, items)):
        await mark(probe, 1)
        assert await results(probe, 1) == [1]
        await probe.value(
            "SELECT count(pg_terminate_backend(pid, 30000)) FROM pg_stat_activity WHERE application_name = $1",
            f"doso-{probe.service}",
        )
        await mark_until_connected(probe, 2)
        assert await results(probe, 2) == [1, 2]


async def mark_until_connected(probe, number: int) -> None:
    """Mark through the owner's connection, since the pool's were just cut."""
    await QUEUE.mark(probe.owner, [(probe.tenant, probe.dealer, str(number))])


async def test_a_lease_is_renewed_while_its_work_goes_on_and_runs_out_when_its_process_died(
    probe, monkeypatch
) -> None:
    monkeypatch.setattr("shared.messaging.worker.LEASE_SECONDS", 10.0)
    turns = []
    finished = asyncio.Event()

    async def compute(items) -> None:
        turns.append(asyncio.current_task())
        await finished.wait()
        await store(probe, items)

    async def outlived_its_lease() -> bool:
        claimed = "SELECT leased_until > now() AND now() > due_at + interval '12 seconds' FROM work"
        return bool(await probe.value(claimed))

    await mark(probe, 1)
    long = {"tries": 0.0}  # longer than a turn goes on with tries
    async with working(probe, compute, **long), working(probe, compute, **long):
        await probe.eventually(outlived_its_lease)
        assert len(turns) == 1, "nobody else may take what is being computed"
        finished.set()
        assert await results(probe, 1) == [1]
    finished.clear()
    await mark(probe, 2)
    died = asyncio.create_task(worker_of(probe, compute).run())
    await probe.eventually(lambda: asyncio.sleep(0, len(turns) == 2))
    await end(died)  # as SIGKILL: the lease stays
    finished.set()
    async with working(probe, compute):
        assert await results(probe, 2) == [1, 2]
