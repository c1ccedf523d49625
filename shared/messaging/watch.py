"""A consumer that stands still although its broker answers is started anew, within its process."""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog
from faststream.kafka.subscriber.usecase import LogicSubscriber

from shared.messaging.broker import Broker
from shared.messaging.closing import stop_subscriber, within
from shared.messaging.consumer import BatchConsumer
from shared.messaging.kafka_settings import KafkaSettings
from shared.messaging.leaders import led_partitions
from shared.messaging.standstill import HEARD_SECONDS, STANDSTILL_SECONDS, Standstill
from shared.observability import ConsumerSnapshot, KafkaSubscriberProbe, Metrics

START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long a consumer may stand still, and for how long starting it anew may be of no help, in seconds.

    Between two restarts it waits ``pause`` seconds, twice as long each time, and ``longest_pause`` at most; so long,
    too, before it asks again about partitions in doubt.
    """

    look: float = 1.0
    standstill: float = STANDSTILL_SECONDS
    helpless: float = 180.0
    pause: float = 5.0
    longest_pause: float = 60.0


@dataclass(frozen=True, slots=True)
class _Ailing:
    """Why it was first started anew, and since when it has not been well."""

    reason: str
    since: float


class SubscriberWatch:
    """Watches a service's subscriber, heals it, and tells its health: dead only where healing does not help.

    While the broker is away nothing is started anew; its clients find it again by themselves. Nor is anything held
    against the consumer of a partition that has no leader, which nobody can read.
    """

    def __init__(
        self,
        subscriber: LogicSubscriber[Any],
        broker: Broker,
        consumer: BatchConsumer,
        *,
        kafka: KafkaSettings,
        metrics: Metrics,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._subscriber, self._broker, self._consumer = subscriber, broker, consumer
        self._probe = KafkaSubscriberProbe(subscriber)
        self._kafka = kafka
        self._metrics = metrics
        self._patience = patience or Patience()
        self._clock = clock
        self._standstill = Standstill(
            every=self._patience.look,
            after=self._patience.standstill,
            heard_within=HEARD_SECONDS + 2 * kafka.fetch_max_wait_ms / 1000,
        )
        self._ailing: _Ailing | None = None
        self._restarts = 0
        self._not_before = -1.0
        self._restarted_at = 0.0
        self._down = False
        self._away = False
        self._leaderless: frozenset[str] = frozenset()
        self._ask_at = -math.inf
        self._log = structlog.stdlib.get_logger("doso.consumer", group=subscriber.group_id)

    @property
    def name(self) -> str:
        """The group and the topics."""
        return self._probe.name

    def observe(self) -> ConsumerSnapshot:
        """Say how the subscriber is: with a failure only once restarts have been of no help for too long.

        Without its broker it is away: it cannot be started then, and a restart of the process would not help.
        """
        snapshot = replace(self._observed(), salvaged=self._consumer.salvaged, away=self._away)
        if self._ailing is not None and self._clock() - self._ailing.since >= self._patience.helpless:
            return replace(
                snapshot, failure=f"{self._ailing.reason}; started anew {self._restarts} times, of no help"
            )
        if snapshot.failure is not None or self._ailing is not None:
            return replace(snapshot, running=False, failure=None)
        return snapshot

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await asyncio.sleep(self._patience.look)
            await self._attend(self._look())

    async def _attend(self, reason: str | None) -> None:
        if reason is not None and self._clock() >= self._not_before:
            await self._heal(reason)
        elif (self._standstill.doubtful or self._leaderless) and self._clock() >= self._ask_at:
            await self._ask()

    def _observed(self) -> ConsumerSnapshot:
        return replace(self._probe.observe(), leaderless=self._leaderless)

    def _look(self) -> str | None:
        if self._broker.stopping or not (self._subscriber.running or self._down):
            self._standstill.begin()  # it is to end, or has not begun
            return None
        if self._down:
            return "not started"
        reason = self._standstill.look(self._observed(), self._clock(), at_work=self._consumer.at_work)
        if self._standstill.well:
            if self._ailing is not None:
                self._log.warning("consumer takes in again", restarts=self._restarts)
            self._ailing = None
            self._away = False
            if self._clock() - self._restarted_at >= self._patience.helpless:
                self._restarts = 0
        return reason

    async def _heal(self, reason: str) -> None:
        await self._ask()
        if self._away:
            self._standstill.begin()
            self._ailing = None
            self._not_before = self._clock() + self._patience.pause
            return
        still = self._standstill.still
        if still and self._leaderless.issuperset(still):
            return  # nothing else is wrong: from now on they are left out of what is judged
        self._ailing = self._ailing or _Ailing(reason, since=self._clock())
        pause = min(self._patience.longest_pause, self._patience.pause * 2**self._restarts)
        self._restarts += 1
        self._metrics.restarted(self.name)
        self._log.error("consumer stands still; starting it anew", reason=reason, restarts=self._restarts)
        self._down = True
        await stop_subscriber(self._subscriber)
        if self._broker.stopping:
            return
        self._down = not await within(START_SECONDS, self._subscriber.start(), "start of a consumer")
        if self._broker.stopping:  # meanwhile
            await stop_subscriber(self._subscriber)
        self._standstill.begin()
        self._restarted_at = self._clock()
        self._not_before = self._restarted_at + pause

    async def _ask(self) -> None:
        """Ask whether the broker is away, and which of the partitions in doubt have no leader."""
        led = await led_partitions(self._kafka, self._subscriber.group_id or "", self._subscriber.topic_names)
        self._ask_at = self._clock() + self._patience.longest_pause
        self._away = not led
        if self._away:
            return
        leaderless = self._leaderless.union(self._standstill.doubtful, self._standstill.still) - led
        if leaderless - self._leaderless:
            self._log.warning("partitions without a leader are waited for", partitions=sorted(leaderless))
        self._leaderless = leaderless
