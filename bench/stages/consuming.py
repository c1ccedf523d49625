"""Reading from Kafka: as the services do it, beside the bare client with the same validation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from confluent_kafka import Producer
from faststream.asgi import AsgiFastStream

from bench.stages.materials import payload
from bench.stalls import own_pulse
from shared.events import DmsEventReceived
from shared.events.topics import DMS_EVENT_RECEIVED
from shared.messaging import EventRouter, KafkaSettings
from shared.messaging.arrivals import Arrivals
from shared.messaging.broker import make_broker
from shared.messaging.consumer import BatchConsumer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.messaging.consumer import Handler
    from shared.messaging.unit_of_work import Transaction, UnitOfWork
    from shared.observability import Telemetry

PATIENCE_SECONDS = 300.0
STATEMENT_SECONDS = 30.0
BATCH: int = KafkaSettings.model_fields["batch_records"].default


@dataclass(frozen=True, slots=True)
class Consumed:
    """Records a second, and the longest stall of the event loop meanwhile, in seconds."""

    per_second: float
    longest_stall: float


@dataclass(slots=True)
class Counting:
    """Counts what a consumer was done with from its first batch on: joining the group is not timed."""

    wanted: int
    done: int = 0
    began: float | None = None
    ended: float = 0.0
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        """Note that a batch has come."""
        self.began = self.began or time.perf_counter()

    def add(self, count: int) -> None:
        """Note how many of it are done."""
        self.done += count
        if self.done >= self.wanted:
            self.ended = time.perf_counter()
            self.enough.set()

    async def per_second(self) -> float:
        """Give records a second once it is enough; raises TimeoutError after five minutes."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.enough.wait()
        return self.done / (self.ended - (self.began or 0.0))


class Counted(BatchConsumer):
    """The consumer of every service, with its records counted when they are committed."""

    def __init__(
        self,
        counting: Counting,
        handler: Handler,
        work: UnitOfWork,
        *,
        telemetry: Telemetry,
        kafka: KafkaSettings,
    ) -> None:
        """Handle reports."""
        handlers: dict[str, tuple[Any, Handler]] = {DMS_EVENT_RECEIVED.name: (DMS_EVENT_RECEIVED, handler)}
        super().__init__(
            work.service,
            handlers,
            work,
            metrics=telemetry.metrics,
            tracer=telemetry.tracer,
            settings=kafka,
            budget=kafka.batch_budget(STATEMENT_SECONDS, topics=len(handlers), gathers=False),
            arrivals=Arrivals(),
        )
        self._counting = counting

    async def consume(
        self, batch: Sequence[ConsumerRecord[Any, Any]], *, waiting: Callable[[], int] = lambda: 0
    ) -> None:
        """Take in a batch, and count it."""
        self._counting.begin()
        await super().consume(batch, waiting=waiting)
        self._counting.add(len(batch))


class ReadingOnly(Counted):
    """The same up to its transaction: what was read is let go."""

    async def _apply(self, _topic: Any, _handler: Any, _deliveries: list[Any], *, divided: bool = False) -> None:
        """Do nothing with what was read."""


def produce(servers: str, events: Sequence[DmsEventReceived], count: int) -> float:
    """Send ``count`` records, going round the events; gives records a second, acknowledged. Blocks."""
    producer = Producer(
        {
            "bootstrap.servers": servers,
            "enable.idempotence": True,
            "linger.ms": 5,
            "queue.buffering.max.messages": count + 1,
        }
    )
    ready = [(str(event.dealer_id).encode(), payload(event)) for event in events]
    began = time.perf_counter()
    for number in range(count):
        key, value = ready[number % len(ready)]
        producer.produce(DMS_EVENT_RECEIVED.name, value, key)
        if number % 1000 == 0:
            producer.poll(0)
    producer.flush()
    return count / (time.perf_counter() - began)


async def raw(servers: str, count: int) -> Consumed:
    """Read ``count`` records with the bare client, and validate each."""
    counting = Counting(count)
    async with (
        own_pulse() as pulse,
        AIOKafkaConsumer(
            DMS_EVENT_RECEIVED.name,
            bootstrap_servers=servers,
            group_id=f"raw-{uuid4()}",
            auto_offset_reset="earliest",
        ) as consumer,
    ):
        while counting.done < count:
            polled = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
            if polled:
                counting.begin()
            for batch in polled.values():
                for record in batch:
                    DmsEventReceived.model_validate_json(record.value)
                counting.add(len(batch))
            await consumer.commit()
    return Consumed(await counting.per_second(), pulse.longest)


async def reading(servers: str, count: int, telemetry: Telemetry, work: UnitOfWork) -> Consumed:
    """Read ``count`` records as every service does, with nothing behind it."""
    kafka = KafkaSettings(bootstrap_servers=servers)
    counting = Counting(count)
    consumer = ReadingOnly(counting, _nothing, work, telemetry=telemetry, kafka=kafka)
    # The pulse begins when the application has started, which is not reading.
    async with consuming(kafka, consumer, f"reading-{uuid4()}"), own_pulse() as pulse:
        per_second = await counting.per_second()
    return Consumed(per_second, pulse.longest)


@asynccontextmanager
async def consuming(kafka: KafkaSettings, consumer: BatchConsumer, group: str) -> AsyncIterator[None]:
    """Run a consumer of the reports that a group has not read until the block ends."""
    router = EventRouter(group)
    router.handlers[DMS_EVENT_RECEIVED.name] = (DMS_EVENT_RECEIVED, _nothing)
    broker = make_broker(router.service, kafka)
    router.subscribe(broker, kafka, consumer)
    async with AsgiFastStream(broker, logger=None).start_lifespan_context():
        yield


async def _nothing(_events: Sequence[Any], _tx: Transaction) -> None:
    """Handle nothing."""
