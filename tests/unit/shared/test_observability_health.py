"""When a service is live, ready, degraded or failing, and what it says over HTTP."""

import asyncio
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from shared.observability import (
    ConsumerPatience,
    ConsumerSnapshot,
    Health,
)
from shared.observability.consumers import PartitionProgress
from shared.observability.heartbeat import Heartbeat
from shared.observability.metrics import make_metrics


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Consumer:
    """A consumer that is as the test says."""

    def __init__(self, name: str = "forecast: inventory-updated") -> None:
        self.name = name
        self.snapshot = at(position=10, lag=0)

    def observe(self) -> ConsumerSnapshot:
        return self.snapshot


def at(position: int, lag: int, **changes: Any) -> ConsumerSnapshot:
    partitions = {"inventory-updated-0": PartitionProgress(position, lag)}
    return ConsumerSnapshot(
        **{
            "running": True,
            "joined": True,
            "assigned": tuple(partitions),
            "partitions": partitions,
            **changes,
        }
    )


class Watched:
    """A health with one consumer and a clock that the test moves, ticking as its loop would."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.clock = Clock()
        self.consumer = Consumer()
        metrics = make_metrics("forecast", registry) if registry else None
        patience = ConsumerPatience(rejoin_seconds=60, stuck_seconds=60)
        self.health = Health("forecast", metrics=metrics, patience=patience, clock=self.clock)
        self.health.add_consumer(self.consumer)

    def after(self, seconds: float, snapshot: ConsumerSnapshot) -> str:
        self.clock.now += seconds
        self.consumer.snapshot = snapshot
        return self.health.live().checks["consumer forecast: inventory-updated"].status


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_a_consumer_that_keeps_up_or_catches_up_lives(watched: Watched) -> None:
    assert watched.after(0, at(10, 0)) == "ok"
    assert watched.after(1_000, at(10, 0)) == "ok"
    assert watched.after(1, at(10, 5_000)) == "ok"
    assert watched.after(50, at(500, 9_000)) == "ok"
    assert watched.after(50, at(900, 20_000)) == "ok"


def test_a_consumer_that_stands_still_with_a_growing_lag_is_dead(watched: Watched) -> None:
    assert watched.after(0, at(10, 0)) == "ok"
    assert watched.after(600, at(10, 5)) == "ok"
    assert watched.after(59, at(10, 50)) == "ok"
    assert watched.after(1, at(10, 60)) == "failing"
    report = watched.health.live()
    assert not report.passed
    detail = report.checks["consumer forecast: inventory-updated"].detail
    assert detail == "inventory-updated-0 stands still for 60 s with 60 records ahead"


def test_a_partition_without_a_leader_stands_still_for_no_fault_of_its_consumer(watched: Watched) -> None:
    leaderless = at(10, 5, leaderless=frozenset({"inventory-updated-0"}))
    assert watched.after(0, leaderless) == "ok"
    assert watched.after(6_000, leaderless) == "ok"
    detail = watched.health.live().checks["consumer forecast: inventory-updated"].detail
    assert detail == "1 partitions, 5 records behind, no leader of inventory-updated-0"
    assert watched.after(1, at(10, 5)) == "ok"
    assert watched.after(59, at(10, 5)) == "ok"
    assert watched.after(1, at(10, 5)) == "failing"


def test_a_consumer_that_goes_back_and_forth_over_one_record_stands_still(watched: Watched) -> None:
    watched.after(0, at(10, 5))
    for second in range(59):
        assert watched.after(1, at(10 + second % 2, 5)) == "ok", second
    assert watched.after(5, at(11, 5)) == "failing"


def test_a_partition_that_comes_back_starts_anew(watched: Watched) -> None:
    watched.after(0, at(10, 5))
    assert watched.after(59, at(10, 5)) == "ok"
    assert watched.after(0, at(10, 5, partitions={}, assigned=())) == "ok"
    assert watched.after(30, at(5, 5)) == "ok"
    assert watched.after(59, at(5, 5)) == "ok"


def test_a_consumer_that_recovers_lives_again(watched: Watched) -> None:
    watched.after(0, at(10, 5))
    watched.after(1, at(10, 5))
    assert watched.after(100, at(10, 5)) == "failing"
    assert watched.after(1, at(11, 5)) == "ok"


def test_a_spare_lives_and_a_missing_topic_waits(watched: Watched) -> None:
    spare = at(0, 0, partitions={}, assigned=())
    assert watched.after(1_000, spare) == "ok"
    assert "spare" in watched.health.live().checks["consumer forecast: inventory-updated"].detail
    missing = at(0, 0, partitions={}, assigned=(), unknown_topics=("inventory-updated",))
    assert watched.after(1_000, missing) == "waiting"


@pytest.mark.parametrize("apart", [{"joined": False}, {"running": False}])
def test_a_consumer_outside_of_its_group_waits_and_in_the_end_is_dead(
    watched: Watched, apart: dict[str, bool]
) -> None:
    assert watched.after(0, at(10, 0, **apart)) == "waiting"
    assert watched.after(59, at(10, 0, **apart)) == "waiting"
    assert watched.after(1, at(10, 0, **apart)) == "failing"
    assert watched.after(1, at(10, 0)) == "ok"
    assert watched.after(1, at(10, 0, **apart)) == "waiting"


@pytest.mark.parametrize("apart", [{"joined": False}, {"running": False}])
def test_one_whose_broker_does_not_answer_waits_for_as_long_as_that_takes(
    watched: Watched, apart: dict[str, bool]
) -> None:
    for _ in range(10):
        assert watched.after(59, at(10, 0, away=True, **apart)) == "waiting"
    assert watched.after(0, at(10, 0, **apart)) == "waiting"
    assert watched.after(59, at(10, 0, **apart)) == "waiting", "from here on it can be helped"
    assert watched.after(1, at(10, 0, **apart)) == "failing"


def test_records_that_a_broker_keeps_while_it_is_away_are_not_held_against_the_consumer(watched: Watched) -> None:
    watched.after(0, at(10, 5))
    watched.after(0, at(10, 5))
    assert watched.after(600, at(10, 5, away=True)) == "ok"
    assert watched.after(1, at(10, 5)) == "failing"


def test_a_batch_that_is_divided_stands_still_only_when_nothing_more_is_kept_of_it(watched: Watched) -> None:
    for salvaged in range(1, 20):
        assert watched.after(59, at(10, 5, salvaged=salvaged)) == "ok", salvaged
    assert watched.after(59, at(10, 5, salvaged=19)) == "ok"
    assert watched.after(1, at(10, 5, salvaged=19)) == "failing"


def test_a_consumer_may_be_given_patience_of_its_own() -> None:
    watched = Watched()
    watched.health.add_consumer(watched.consumer, ConsumerPatience(rejoin_seconds=600, stuck_seconds=600))
    watched.after(0, at(10, 5))
    assert watched.after(0, at(10, 5)) == "ok"
    assert watched.after(599, at(10, 5)) == "ok"
    assert watched.after(1, at(10, 5)) == "failing"


def test_a_consumer_that_says_it_died_is_dead_at_once(watched: Watched) -> None:
    assert watched.after(0, at(10, 0, failure="its coordinator died: cancelled")) == "failing"


def test_a_probe_that_breaks_shows_in_the_report(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> ConsumerSnapshot:
        message = "no attribute"
        raise AttributeError(message)

    monkeypatch.setattr(watched.consumer, "observe", broken)
    check = watched.health.live().checks["consumer forecast: inventory-updated"]
    assert check.status == "failing"
    assert "no attribute" in check.detail


def test_the_lag_is_exported() -> None:
    registry = CollectorRegistry()
    Watched(registry).after(0, at(10, 123))
    labels = {"service": "forecast", "consumer": "forecast: inventory-updated"}
    assert registry.get_sample_value("doso_consumer_lag", labels) == 123


def test_a_dead_consumer_is_exported_and_so_is_its_return() -> None:
    registry = CollectorRegistry()
    watched = Watched(registry)
    labels = {"service": "forecast", "consumer": "forecast: inventory-updated"}
    told = []
    for seconds, position, lag in ((0, 10, 0), (600, 10, 5), (60, 10, 50), (1, 60, 0)):
        watched.after(seconds, at(position, lag))
        told.append(registry.get_sample_value("doso_consumer_dead", labels))
    assert told == [0, 0, 1, 0]


async def test_a_service_lives_while_its_loop_ticks() -> None:
    clock = Clock()
    health = Health("market", clock=clock, stale_seconds=10)
    assert health.live().status == "failing"
    await health.start()
    assert health.live().status == "ok"
    clock.now += 11
    assert health.live().status == "failing"
    await health.stop()
    assert health.live().checks["event loop"].detail == "the heartbeat is not running"


async def test_ticks_follow_the_consumers_without_being_asked() -> None:
    consumer = Consumer()
    seen = asyncio.Event()
    consumer.observe = lambda: seen.set() or at(10, 0)  # type: ignore[method-assign, func-returns-value]
    health = Health("market")
    health.add_consumer(consumer)
    await health.start()
    async with asyncio.timeout(30):
        await seen.wait()
    await health.stop()


def test_a_late_tick_is_a_stall_of_that_length() -> None:
    clock, registry = Clock(), CollectorRegistry()
    heartbeat = Heartbeat(metrics=make_metrics("market", registry), clock=clock)
    heartbeat.tick(expected=1_000.0)
    clock.now += 0.75
    heartbeat.tick(expected=1_000.5)
    heartbeat.tick(expected=1_002.0)
    assert heartbeat.longest_stall_seconds == 0.25
    assert registry.get_sample_value("doso_event_loop_stall_seconds_sum", {"service": "market"}) == 0.25
    assert registry.get_sample_value("doso_event_loop_stall_seconds_count", {"service": "market"}) == 3


async def test_an_error_that_ended_the_heartbeat_is_not_lost() -> None:
    ticked = asyncio.Event()

    def on_tick(_now: float) -> None:
        ticked.set()
        raise LookupError

    heartbeat = Heartbeat(on_tick=on_tick)
    heartbeat.start()
    async with asyncio.timeout(30):
        await ticked.wait()
    with pytest.raises(LookupError):
        await heartbeat.stop()


async def test_a_waiting_consumer_is_live_but_not_ready(watched: Watched) -> None:
    await watched.health.start()
    watched.after(0, at(10, 0, joined=False))
    live, ready = watched.health.live(), await watched.health.ready()
    await watched.health.stop()
    assert (live.status, live.passed) == ("degraded", True)
    assert (ready.status, ready.passed) == ("failing", False)
