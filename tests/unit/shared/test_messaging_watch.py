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
from shared.observability import Health
from shared.observability.metrics import make_metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.observability.health import CheckStatus

STEP = 10.0


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


class Watched:
    """A watch, its health, and a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.subscriber = Subscriber()
        metrics = make_metrics("service", CollectorRegistry())
        self.watch = SubscriberWatch(
            self.subscriber,  # type: ignore[arg-type]
            SimpleNamespace(stopping=False),  # type: ignore[arg-type]
            SimpleNamespace(at_work=False, salvaged=0),  # type: ignore[arg-type]
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
            if reason is not None and self.now >= self.watch._not_before:
                await self.watch._heal(reason)
            said.add(self.health.live().checks[f"consumer {self.watch.name}"].status)
        return said


@pytest.fixture
async def watched(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    async def nothing(*_: Any) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr("shared.messaging.watch.AIOKafkaAdminClient", Admin)
    monkeypatch.setattr("shared.messaging.watch.stop_subscriber", nothing)
    monkeypatch.setattr("shared.messaging.watch.close_client", nothing)
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


async def test_a_partition_without_a_leader_is_waited_for_and_one_with_a_leader_is_not(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Admin, "leaders", (1, -1))
    for still, restarted in ((("topic-1",), False), (("topic-0", "topic-1"), True), ((), True)):
        before = watched.subscriber.starts
        watched.watch._standstill.still = still
        await watched.watch._heal("nothing heard from the broker")
        assert (watched.subscriber.starts > before) == restarted, still
