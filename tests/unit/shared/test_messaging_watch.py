"""What the watch makes of a consumer that cannot be started: dead while the broker answers, waiting while it does not."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

import pytest
from aiokafka.errors import KafkaConnectionError
from prometheus_client import CollectorRegistry

from shared.messaging import KafkaSettings
from shared.messaging.watch import SubscriberWatch
from shared.observability import ConsumerSnapshot, Health
from shared.observability.consumers import PartitionProgress
from shared.observability.metrics import make_metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.observability.health import CheckStatus

STEP = 1.0


class Admin:
    """The broker as a stranger finds it: away, or with the leaders that the test says."""

    away = False
    leaders: tuple[int, ...] = (1, 1)
    _client = None

    def __init__(self, **_: Any) -> None:
        """Connect to nothing yet."""

    async def start(self) -> None:
        if self.away:
            message = "no broker"
            raise KafkaConnectionError(message)

    async def find_coordinator(self, _group: str) -> int:
        return 1

    async def describe_topics(self, _topics: Any) -> list[dict[str, Any]]:
        partitions = [{"partition": number, "leader": leader} for number, leader in enumerate(self.leaders)]
        return [{"topic": "topic", "partitions": partitions}]


class Subscriber:
    """A subscriber that was started once, whose task died, and whose start fails from then on."""

    group_id, topic_names = "service", ("topic",)
    running = True
    tasks: tuple[()] = ()
    consumer = None

    def __init__(self) -> None:
        self.starts = 0

    async def start(self) -> None:
        self.starts += 1
        message = "no broker"
        raise KafkaConnectionError(message)

    async def begin(self) -> None:
        """Start as one does whose broker is there."""
        self.starts += 1


class Watched:
    """A watch, its health, and a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.subscriber = Subscriber()
        self.consumer = SimpleNamespace(at_work=False, salvaged=0)
        metrics = make_metrics("service", CollectorRegistry())
        self.watch = SubscriberWatch(
            self.subscriber,  # type: ignore[arg-type]
            SimpleNamespace(stopping=False),  # type: ignore[arg-type]
            self.consumer,  # type: ignore[arg-type]
            kafka=KafkaSettings(bootstrap_servers="none"),
            metrics=metrics,
            clock=lambda: self.now,
        )
        self.health = Health("service", metrics=metrics, clock=lambda: self.now)
        self.health.add_consumer(self.watch)

    async def __aenter__(self) -> Self:
        await self.health.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.health.stop()

    async def passes(self, seconds: float) -> set[CheckStatus]:
        """Have time go by, with a look of the watch and of health every some seconds; gives what health said."""
        said: set[CheckStatus] = set()
        until = self.now + seconds
        while self.now < until:
            self.now += STEP
            reason = self.watch._look()
            await self.watch._attend(reason)
            said.add(self.health.live().checks[f"consumer {self.watch.name}"].status)
        return said


@pytest.fixture
async def watched(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    async def nothing(*_: Any) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr("shared.messaging.leaders.AIOKafkaAdminClient", Admin)
    monkeypatch.setattr("shared.messaging.watch.stop_subscriber", nothing)
    monkeypatch.setattr("shared.messaging.leaders.close_client", nothing)
    monkeypatch.setattr(Admin, "away", False)
    monkeypatch.setattr(Admin, "leaders", (1, 1))
    async with Watched() as one:
        yield one


async def test_a_broker_that_goes_away_during_a_restart_leaves_the_service_live_but_not_ready(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watched.watch._heal("its task died")
    assert watched.subscriber.starts == 1
    monkeypatch.setattr(Admin, "away", True)
    assert await watched.passes(3600) == {"waiting"}
    assert watched.subscriber.starts == 1
    assert not (await watched.health.ready()).passed
    monkeypatch.setattr(Admin, "away", False)
    assert await watched.passes(170) == {"waiting"}
    assert watched.subscriber.starts > 1
    assert "failing" in await watched.passes(120), "what cannot be started though its broker answers is dead"


class Reader:
    """A consumer as its probe sees it: each partition it was assigned moves, or stands still with records ahead."""

    name = "service: topic"

    def __init__(self, watched: Watched, **moves: bool) -> None:
        """Read the partitions ``topic-N`` named by ``pN``."""
        self._watched = watched
        self._began = watched.now
        self.moves = {f"topic-{name[1:]}": moving for name, moving in moves.items()}

    def observe(self) -> ConsumerSnapshot:
        passed = self._watched.now - self._began
        return ConsumerSnapshot(
            running=True,
            joined=True,
            assigned=tuple(self.moves),
            partitions={
                name: PartitionProgress(position=int(passed) if moving else 7, lag=3)
                for name, moving in self.moves.items()
            },
            heard={name: 0.1 if moving else passed for name, moving in self.moves.items()},
        )


@pytest.mark.parametrize("at_work", [False, True], ids=["between batches", "at work whenever it is looked at"])
@pytest.mark.parametrize("begun_ailing", [False, True], ids=["well before", "just started anew"])
@pytest.mark.parametrize("moves", [{"p0": True, "p1": False}, {"p1": False}], ids=["beside a busy one", "alone"])
async def test_a_partition_without_a_leader_is_waited_for_without_end(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, at_work: bool, begun_ailing: bool, moves: dict[str, bool]
) -> None:
    monkeypatch.setattr(Admin, "leaders", (1, -1))
    monkeypatch.setattr(Subscriber, "start", Subscriber.begin)
    watched.consumer.at_work = at_work
    if begun_ailing:
        await watched.watch._heal("its task died")
    reader = Reader(watched, **moves)
    watched.watch._probe = reader  # type: ignore[assignment]
    before = watched.subscriber.starts
    assert "failing" not in await watched.passes(3600)
    assert watched.subscriber.starts == before
    assert watched.health.live().checks[f"consumer {reader.name}"].status == "ok"


@pytest.mark.parametrize("moves", [{"p0": False, "p1": False}, {"p0": False, "p1": False, "p2": True}])
async def test_a_partition_without_a_leader_does_not_hide_one_that_stands_still_with_its_leader(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, moves: dict[str, bool]
) -> None:
    monkeypatch.setattr(Admin, "leaders", (1, -1, 1))
    monkeypatch.setattr(Subscriber, "start", Subscriber.begin)
    watched.watch._probe = Reader(watched, **moves)  # type: ignore[assignment]
    await watched.passes(100)
    assert watched.subscriber.starts == 1


async def test_a_partition_that_still_stands_still_when_its_leader_is_back_is_mended(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Admin, "leaders", (1, -1))
    monkeypatch.setattr(Subscriber, "start", Subscriber.begin)
    reader = Reader(watched, p0=True, p1=False)
    watched.watch._probe = reader  # type: ignore[assignment]
    await watched.passes(1800)
    assert watched.subscriber.starts == 0
    monkeypatch.setattr(Admin, "leaders", (1, 1))
    assert "failing" not in await watched.passes(160)
    assert watched.subscriber.starts == 1
    reader.moves["topic-1"] = True
    await watched.passes(3600)
    assert watched.subscriber.starts == 1


async def test_one_that_hangs_in_a_batch_is_dead_though_all_its_partitions_have_leaders(watched: Watched) -> None:
    watched.consumer.at_work = True
    watched.watch._probe = Reader(watched, p0=False, p1=False)  # type: ignore[assignment]
    assert await watched.passes(290) == {"ok"}
    assert "failing" in await watched.passes(30)
    assert watched.subscriber.starts == 0
