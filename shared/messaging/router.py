"""Declaring what a service listens to."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from faststream.kafka import KafkaBroker
from faststream.kafka.schemas import Topic as KafkaTopic
from faststream.kafka.subscriber.usecase import BatchSubscriber

from shared.events import Event, Topic
from shared.messaging.consumer import BatchConsumer, Handler
from shared.messaging.kafka_settings import KafkaSettings
from shared.messaging.unit_of_work import Transaction
from shared.observability import KafkaSubscriberProbe

E = TypeVar("E", bound=Event)
EventHandler = Callable[[Sequence[E], Transaction], Awaitable[None]]
_GATHERED_BYTES = 16 * 1024
"""What the broker waits for, as long as a fetch may wait; else it hands out the first partition that has a record."""


class EventRouter:
    """The topics of one service, each with its handler of ``(events, transaction)``.

    A service reads all its topics through one consumer, whose group is the service's name. One that ``gathers`` lets
    records come together before it takes them in: people do not wait for what it makes of them by the tenth of a
    second, and every batch costs a fetch, a transaction and a commit.
    """

    def __init__(self, service: str, *, gathers: bool = False) -> None:
        self.service = service
        self.gathers = gathers
        self.handlers: dict[str, tuple[Topic[Any], Handler]] = {}

    def on(self, topic: Topic[E]) -> Callable[[EventHandler[E]], EventHandler[E]]:
        """Register the handler of a topic.

        Raises ``ValueError`` when the topic's registry entry does not list this service as a consumer.
        """
        if self.service not in topic.consumers:
            message = f"{topic.name} does not list {self.service} as a consumer: see shared/events/topics.py"
            raise ValueError(message)

        def register(handler: EventHandler[E]) -> EventHandler[E]:
            self.handlers[topic.name] = (topic, handler)
            return handler

        return register

    def subscribe(self, broker: KafkaBroker, settings: KafkaSettings, consumer: BatchConsumer) -> BatchSubscriber:
        """Attach a consumer to a broker."""
        subscriber = broker.subscriber(
            # Topics are created in deployment, or by the in-memory broker on first use; never by a consumer.
            *(KafkaTopic(name, declare=False) for name in self.handlers),
            group_id=self.service,
            batch=True,
            max_records=consumer.budget.records,
            max_poll_interval_ms=round(1000 * consumer.budget.poll_interval_seconds),
            batch_timeout_ms=settings.batch_wait_ms,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=settings.fetch_max_wait_ms,
            fetch_min_bytes=_GATHERED_BYTES if self.gathers else 1,
            session_timeout_ms=settings.session_timeout_ms,
            rebalance_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=3000,
        )

        probe = KafkaSubscriberProbe(subscriber)

        @subscriber
        async def consume(batch: Any) -> None:
            await consumer.consume(batch, waiting=probe.lag)

        return subscriber
