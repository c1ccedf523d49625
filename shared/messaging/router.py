"""Declaring what a service listens to."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar

from faststream import Context
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.schemas import Topic as KafkaTopic
from faststream.kafka.subscriber.usecase import BatchSubscriber

from shared.events import Event, Topic
from shared.messaging.consumer import BatchConsumer, Handler
from shared.messaging.kafka_settings import KafkaSettings
from shared.messaging.unit_of_work import Transaction

E = TypeVar("E", bound=Event)
EventHandler = Callable[[Sequence[E], Transaction], Awaitable[None]]


class EventRouter:
    """The topics of one service, each with its handler of ``(events, transaction)``.

    A service reads all its topics through one consumer, whose group is the service's name.
    """

    def __init__(self, service: str) -> None:
        self.service = service
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

    def subscribe(self, broker: KafkaBroker, settings: KafkaSettings) -> BatchSubscriber:
        """Attach the consumer to a broker; it finds the ``consumer`` in the application's context."""
        subscriber = broker.subscriber(
            # Topics are created in deployment, or by the in-memory broker on first use; never by a consumer.
            *(KafkaTopic(name, declare=False) for name in self.handlers),
            group_id=self.service,
            batch=True,
            max_records=settings.batch_records,
            batch_timeout_ms=settings.batch_wait_ms,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=settings.fetch_max_wait_ms,
            session_timeout_ms=settings.session_timeout_ms,
            rebalance_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=3000,
        )

        @subscriber
        async def consume(message: KafkaMessage, consumer: Annotated[BatchConsumer, Context()]) -> None:
            raw = message.raw_message
            await consumer.consume(raw if isinstance(raw, tuple) else (raw,))

        return subscriber
