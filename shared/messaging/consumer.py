"""Consuming: a polled batch becomes one transaction, and a poison record hurts nobody but itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

import structlog
from aiokafka import ConsumerRecord
from opentelemetry.trace import Tracer
from pydantic import ValidationError

from shared.events import Event, Topic
from shared.messaging.arrivals import Arrivals
from shared.messaging.batch_budget import BACKOFF_SECONDS, PARTS, BatchBudget
from shared.messaging.dead_letter import park, parked, place_of
from shared.messaging.decoding import decode, decode_shared
from shared.messaging.envelope import readable_headers, trace_headers
from shared.messaging.failpoints import reach
from shared.messaging.failures import HandedBackError, TookTooLongError, passing, took_too_long
from shared.messaging.kafka_settings import KafkaSettings
from shared.messaging.unit_of_work import Causes, Transaction, UnitOfWork, enter, seen
from shared.observability import Metrics, consume_batch_span
from shared.postgres.pool import Connection

Handler = Callable[[Sequence[Any], Transaction], Awaitable[None]]

_REST_SECONDS = 0.05
_GATHER_RESTS, _GATHER_SECONDS = 4.0, 0.5
"""Where nobody waits for what is made of an event within the second: a rest of some times the work before it."""
_MANY, _FEW = 250, 50
"""Records of a batch after which who does not gather has no reason to rest; those that may always wait for more."""
_TRACE_LINKS = 32


@dataclass(frozen=True, slots=True)
class Delivery:
    """A record, read."""

    record: "ConsumerRecord[Any, Any]"
    event: Event


class BatchConsumer:
    """Applies the handlers of one service to polled batches.

    A batch that fails for a passing reason is tried again with a growing pause, then raised, which makes the
    broker hand it out again. One that fails for good is halved until the guilty record stands alone; that
    one is parked, its neighbours commit in order. One that takes too long is divided by more, to be done in time; a
    record that takes too long alone, in each of as many tries as a passing failure gets, is parked.
    """

    def __init__(
        self,
        service: str,
        handlers: dict[str, tuple[Topic[Any], Handler]],
        work: UnitOfWork,
        *,
        metrics: Metrics,
        tracer: Tracer,
        settings: KafkaSettings,
        budget: BatchBudget,
        arrivals: Arrivals,
        gathers: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.budget = budget
        self.salvaged = 0
        """How many records were newly committed or parked out of batches that had to be divided."""
        self._salvaged_before = 0
        self._clock = clock
        self._began = clock()
        self.at_work = False
        """Whether a batch is being taken in, however long that takes."""
        self._many = budget.records // 2 if gathers else min(_MANY, budget.records // 2)
        self._arrivals = arrivals
        self._rests, self._rest_seconds = (_GATHER_RESTS, _GATHER_SECONDS) if gathers else (1.0, _REST_SECONDS)
        self._decode = decode_shared if settings.share_decoded else decode
        self._service = service
        self._handlers = handlers
        self._work = work
        self._metrics = metrics
        self._tracer = tracer
        self._log = structlog.stdlib.get_logger("doso.consumer", service=service)

    async def consume(
        self, batch: Sequence["ConsumerRecord[Any, Any]"], *, waiting: Callable[[], int] = lambda: 0
    ) -> None:
        """Take in a polled batch; returns only when every record is committed or parked.

        ``waiting`` tells how many records wait behind it, as far as the broker has told. Who keeps up rests, so that
        more come together.
        """
        self.at_work = True
        self._began, self._salvaged_before = self._clock(), self.salvaged
        try:
            with self._arrivals.taking_in():
                began = time.perf_counter()
                await self._take_in(batch)
                if self._keeps_up(len(batch), waiting):
                    # A transaction costs as much as the events in it: a rest of its length, or longer, gathers more.
                    await asyncio.sleep(min(self._rests * (time.perf_counter() - began), self._rest_seconds))
        finally:
            self.at_work = False

    async def _take_in(self, batch: Sequence["ConsumerRecord[Any, Any]"]) -> None:
        by_topic = sorted(batch, key=lambda record: record.topic)  # stable: partitions keep their order
        for name, records in groupby(by_topic, key=lambda record: record.topic):
            topic, handler = self._handlers[name]
            deliveries = await self._read(topic, list(records))
            if deliveries:
                await self._apply(topic, handler, deliveries)

    def _keeps_up(self, taken: int, waiting: Callable[[], int]) -> bool:
        """Tell whether little came, and less waits: of large records a poll gives few, however many there are."""
        return taken < self._many and waiting() < max(taken, _FEW)

    async def _read(self, topic: Topic[Any], records: list["ConsumerRecord[Any, Any]"]) -> list[Delivery]:
        deliveries: list[Delivery] = []
        for count, record in enumerate(records):
            try:
                event = self._decode(topic.model, record.value or b"")
            except ValidationError as error:
                await self._park(topic, record, _claimed_id(record), error, attempts=1)
            else:
                deliveries.append(Delivery(record, event))
            if count % 100 == 99:  # noqa: PLR2004  # a long batch must not hold the event loop
                await asyncio.sleep(0)
        return deliveries

    async def _apply(
        self, topic: Topic[Any], handler: Handler, deliveries: list[Delivery], *, divided: bool = False
    ) -> None:
        self._hand_back(topic, after=self.budget.parking_seconds)
        try:
            kept = await self._with_patience(topic, handler, deliveries)
        except HandedBackError:
            raise  # for want of time, not for what is in it
        except Exception as error:
            slow = took_too_long(error)
            alone = len(deliveries) == 1
            if passing(error) and (alone or not slow):
                raise
            if not alone:
                rest = await self._undone(topic, deliveries) if slow else deliveries
                for part in _parts(rest, PARTS if slow else 2):
                    await self._apply(topic, handler, part, divided=True)
                return
            only = deliveries[0]
            self._log.exception("event parked", topic=topic.name, event_id=str(only.event.event_id))
            tries = self.budget.attempts if isinstance(error, TookTooLongError) else 1
            kept = await self._park(topic, only.record, only.event.event_id, error, attempts=tries)
        if divided:
            self.salvaged += kept

    def _hand_back(self, topic: Topic[Any], *, after: float) -> None:
        """Raise ``HandedBackError`` if more than some seconds have passed and something of the batch was kept."""
        if self._elapsed() > after and self.salvaged > self._salvaged_before:
            message = f"{topic.name}: a batch with slow events takes long; what is left of it is handed out once more"
            raise HandedBackError(message)

    def _elapsed(self) -> float:
        return self._clock() - self._began

    async def _undone(self, topic: Topic[Any], deliveries: list[Delivery]) -> list[Delivery]:
        """Leave out what was taken in or parked before.

        Halving what takes too long may take longer than the broker waits for us, which then hands the batch out once
        more: that must not begin from the beginning.
        """
        async with self._work.begin() as transaction:
            known = await seen(transaction.connection, (delivery.event.event_id for delivery in deliveries))
            dead = await parked(transaction.connection, topic, [delivery.record for delivery in deliveries])
        return [
            delivery
            for delivery in deliveries
            if delivery.event.event_id not in known and place_of(delivery.record) not in dead
        ]

    async def _with_patience(self, topic: Topic[Any], handler: Handler, deliveries: list[Delivery]) -> int:
        """Try until it is committed; gives how many were new, raises ``TookTooLongError`` if every try was slow."""
        slow = attempt = 0
        while True:
            attempt += 1
            try:
                return await self._transact(topic, handler, deliveries)
            except Exception as error:
                too_long = took_too_long(error)
                slow += too_long
                if slow == 1 and too_long:
                    self._hand_back(topic, after=self.budget.dividing_seconds)
                if not passing(error) or (too_long and len(deliveries) > 1):
                    raise
                if slow == self.budget.attempts:
                    raise TookTooLongError(slow) from error
                late = not slow and self._elapsed() > self.budget.longest_seconds
                if late or attempt == self.budget.attempts:
                    raise
                self._metrics.consumed(topic.name, "retried", len(deliveries))
                self._log.warning("batch will be tried again", topic=topic.name, error=str(error), attempt=attempt)
                await asyncio.sleep(BACKOFF_SECONDS * 2 ** (attempt - 1))

    async def _transact(self, topic: Topic[Any], handler: Handler, deliveries: list[Delivery]) -> int:
        started = time.perf_counter()
        linked = (trace_headers(delivery.record.headers) for delivery in deliveries[:_TRACE_LINKS])
        with consume_batch_span(self._tracer, f"process {topic.name}", linked) as span:
            span.set_attributes(
                {
                    "messaging.system": "kafka",
                    "messaging.destination.name": topic.name,
                    "messaging.consumer.group.name": self._service,
                    "messaging.batch.message_count": len(deliveries),
                }
            )
            # By number: an id hashes and compares itself in Python.
            tenants = {delivery.event.tenant_id.int: delivery.event.tenant_id for delivery in deliveries}
            async with self._work.begin(*tenants.values(), causes=lambda: _causes(deliveries)) as transaction:
                fresh = await _not_seen(transaction.connection, deliveries, topic.name)
                if fresh:
                    await handler(fresh, transaction)
                reach("consumer.before_commit")
        reach("consumer.after_commit")
        self._arrivals.took_in(fresh)
        self._metrics.processed(topic.name, time.perf_counter() - started, len(deliveries))
        self._metrics.consumed(topic.name, "handled", len(fresh))
        if len(fresh) < len(deliveries):
            self._metrics.consumed(topic.name, "duplicate", len(deliveries) - len(fresh))
        return len(fresh)

    async def _park(
        self,
        topic: Topic[Any],
        record: "ConsumerRecord[Any, Any]",
        event_id: UUID | None,
        error: BaseException,
        *,
        attempts: int,
    ) -> bool:
        async with self._work.begin() as transaction:
            new = await park(
                transaction.connection,
                topic=topic,
                group=self._service,
                record=record,
                event_id=event_id,
                error=error,
                attempts=attempts,
            )
        if new:
            self._metrics.consumed(topic.name, "dead_lettered")
            self._metrics.dead_lettered(topic.name, type(error).__name__)
            self._log.warning("dead letter", topic=topic.name, partition=record.partition, offset=record.offset)
        return new


def _claimed_id(record: "ConsumerRecord[Any, Any]") -> UUID | None:
    """Read the event id that an unreadable record's headers claim, so that its loss can be accounted for."""
    try:
        return UUID(readable_headers(record.headers).get("ce_id", ""))
    except ValueError:
        return None


def _parts(deliveries: list[Delivery], count: int) -> list[list[Delivery]]:
    """Divide into at most ``count`` parts that follow one another."""
    size = -(-len(deliveries) // count)
    return [deliveries[start : start + size] for start in range(0, len(deliveries), size or 1)]


async def _not_seen(connection: Connection, deliveries: list[Delivery], topic: str) -> list[Event]:
    """Enter events in the inbox; gives each that is new once, in order."""
    events: dict[int, Event] = {}
    for delivery in deliveries:
        events.setdefault(delivery.event.event_id.int, delivery.event)
    for known in await enter(connection, (event.event_id for event in events.values()), topic):
        del events[known.int]
    return list(events.values())


def _causes(deliveries: list[Delivery]) -> Causes:
    """Give each event's own headers, so that what it causes stays in its trace through a batch."""
    return {delivery.event.event_id: delivery.record.headers for delivery in deliveries}
