"""Consuming: a polled batch becomes one transaction, and a poison record hurts nobody but itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any
from uuid import UUID

import structlog
from aiokafka import ConsumerRecord
from opentelemetry.trace import Tracer
from pydantic import ValidationError

from shared.events import Event, Topic
from shared.messaging.arrivals import Arrivals
from shared.messaging.dead_letter import park, parked, place_of
from shared.messaging.envelope import RecordHeaders, readable_headers, trace_headers
from shared.messaging.failpoints import reach
from shared.messaging.failures import TookTooLongError, passing, took_too_long
from shared.messaging.kafka_settings import KafkaSettings
from shared.messaging.unit_of_work import Transaction, UnitOfWork, first_sight, seen
from shared.observability import Metrics, consume_batch_span

Handler = Callable[[Sequence[Any], Transaction], Awaitable[None]]

_BACKOFF_SECONDS = 0.2
_REST_SECONDS = 0.05
_GATHER_RESTS, _GATHER_SECONDS = 4.0, 0.2
"""Where nobody waits for what is made of an event within the second: a rest of some times the work before it."""
_TRACE_LINKS = 32


@dataclass(frozen=True, slots=True)
class Delivery:
    """A record, read."""

    record: "ConsumerRecord[Any, Any]"
    event: Event


def decode(model: type[Event], body: bytes) -> Event:
    """Read an event; raises ``ValidationError``."""
    return model.model_validate_json(body)


_decode_once = lru_cache(maxsize=4096)(decode)


class BatchConsumer:
    """Applies the handlers of one service to polled batches.

    A batch that fails for a passing reason is tried again with a growing pause, then raised, which makes the
    broker hand it out again. One that fails for good is halved until the guilty record stands alone; that
    one is parked, its neighbours commit in order. One that takes too long is halved as well; a record that takes too
    long alone is parked after as many tries as a passing failure gets.
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
        arrivals: Arrivals,
        gathers: bool = False,
    ) -> None:
        self.at_work = False
        """Whether a batch is being taken in, however long that takes."""
        self._small = settings.batch_records // 2
        self._arrivals = arrivals
        self._rests, self._rest_seconds = (_GATHER_RESTS, _GATHER_SECONDS) if gathers else (1.0, _REST_SECONDS)
        self._decode = _decode_once if settings.share_decoded else decode
        self._attempts = settings.attempts
        self._service = service
        self._handlers = handlers
        self._work = work
        self._metrics = metrics
        self._tracer = tracer
        self._log = structlog.stdlib.get_logger("doso.consumer", service=service)

    async def consume(self, batch: Sequence["ConsumerRecord[Any, Any]"]) -> None:
        """Take in a polled batch; returns only when every record is committed or parked."""
        self.at_work = True
        try:
            await self._take_in(batch)
        finally:
            self.at_work = False

    async def _take_in(self, batch: Sequence["ConsumerRecord[Any, Any]"]) -> None:
        began = time.perf_counter()
        by_topic = sorted(batch, key=lambda record: record.topic)  # stable: partitions keep their order
        for name, records in groupby(by_topic, key=lambda record: record.topic):
            topic, handler = self._handlers[name]
            deliveries = await self._read(topic, list(records))
            if deliveries:
                await self._apply(topic, handler, deliveries)
        if len(batch) < self._small:
            # A transaction costs as much as the events in it: resting as long as it took, or longer, gathers more.
            await asyncio.sleep(min(self._rests * (time.perf_counter() - began), self._rest_seconds))

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

    async def _apply(self, topic: Topic[Any], handler: Handler, deliveries: list[Delivery]) -> None:
        try:
            await self._with_patience(topic, handler, deliveries)
        except Exception as error:
            slow = took_too_long(error)
            if passing(error) and not slow:
                raise
            if len(deliveries) == 1:
                only = deliveries[0]
                self._log.exception("event parked", topic=topic.name, event_id=str(only.event.event_id))
                tries = self._attempts if slow else 1
                reason = TookTooLongError(tries) if slow else error
                await self._park(topic, only.record, only.event.event_id, reason, attempts=tries)
                return
            rest = await self._undone(topic, deliveries) if slow else deliveries
            middle = len(rest) // 2
            for half in filter(None, (rest[:middle], rest[middle:])):
                await self._apply(topic, handler, half)

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

    async def _with_patience(self, topic: Topic[Any], handler: Handler, deliveries: list[Delivery]) -> None:
        for attempt in range(1, self._attempts + 1):
            try:
                await self._transact(topic, handler, deliveries)
            except Exception as error:
                too_much = took_too_long(error) and len(deliveries) > 1
                if too_much or not passing(error) or attempt == self._attempts:
                    raise
                self._metrics.consumed(topic.name, "retried", len(deliveries))
                self._log.warning("batch will be tried again", topic=topic.name, error=str(error), attempt=attempt)
                await asyncio.sleep(_BACKOFF_SECONDS * 2 ** (attempt - 1))
            else:
                return

    async def _transact(self, topic: Topic[Any], handler: Handler, deliveries: list[Delivery]) -> None:
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
            tenants = {delivery.event.tenant_id for delivery in deliveries}
            async with self._work.begin(*tenants, causes=_causes(deliveries)) as transaction:
                ids = (delivery.event.event_id for delivery in deliveries)
                new = await first_sight(transaction.connection, ids, topic.name)
                fresh = _once(deliveries, new)
                if fresh:
                    await handler(fresh, transaction)
                reach("consumer.before_commit")
        reach("consumer.after_commit")
        self._arrivals.took_in(fresh)
        self._metrics.processed(topic.name, time.perf_counter() - started, len(deliveries))
        self._metrics.consumed(topic.name, "handled", len(fresh))
        if len(fresh) < len(deliveries):
            self._metrics.consumed(topic.name, "duplicate", len(deliveries) - len(fresh))

    async def _park(
        self,
        topic: Topic[Any],
        record: "ConsumerRecord[Any, Any]",
        event_id: UUID | None,
        error: BaseException,
        *,
        attempts: int,
    ) -> None:
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


def _claimed_id(record: "ConsumerRecord[Any, Any]") -> UUID | None:
    """Read the event id that an unreadable record's headers claim, so that its loss can be accounted for."""
    try:
        return UUID(readable_headers(record.headers).get("ce_id", ""))
    except ValueError:
        return None


def _once(deliveries: list[Delivery], new: set[UUID]) -> list[Event]:
    fresh = []
    for delivery in deliveries:
        if delivery.event.event_id in new:
            new.discard(delivery.event.event_id)
            fresh.append(delivery.event)
    return fresh


def _causes(deliveries: list[Delivery]) -> dict[UUID, RecordHeaders]:
    """Give each event's own headers, so that what it causes stays in its trace through a batch."""
    return {delivery.event.event_id: delivery.record.headers for delivery in deliveries}
