"""Look at a FastStream subscriber's Kafka consumers from inside.

A ping of the broker says nothing about a consumer whose coordinator died: the process then meets the same
error for ever. What is read here is private to FastStream 0.7 and aiokafka 0.14; the tests hold it against a
real broker, so that an upgrade which moves it is noticed there.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from shared.observability.consumers import ConsumerSnapshot, PartitionProgress

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from aiokafka import (  # type: ignore[import-untyped, unused-ignore]
        AIOKafkaConsumer,
        TopicPartition,
    )
    from faststream.kafka.subscriber.usecase import LogicSubscriber

_COORDINATOR_TASKS = ("_coordination_task", "_reset_committed_task")
_SILENT_SECONDS = 30.0


class KafkaSubscriberProbe:
    """A `ConsumerProbe` over one FastStream subscriber, with one consumer or one a worker."""

    def __init__(self, subscriber: LogicSubscriber[Any], *, clock: Callable[[], float] = time.time) -> None:
        """Look at a subscriber, started or not; `clock` gives seconds since the epoch."""
        self._subscriber = subscriber
        self._clock = clock

    @property
    def name(self) -> str:
        """The group and the topics."""
        return f"{self._subscriber.group_id or 'no group'}: {', '.join(self._subscriber.topic_names)}"

    def observe(self) -> ConsumerSnapshot:
        """Say how the subscriber is, from what its consumers know without asking the broker."""
        consumers = self._consumers()
        if not consumers:
            return ConsumerSnapshot(running=False, joined=False)
        assigned = [(consumer, tp) for consumer in consumers for tp in consumer.assignment()]
        heard = {
            _label(tp): self._seconds_ago(one, tp) for one in consumers for tp in one.assignment() - one.paused()
        }
        progress = {_label(tp): state for consumer, tp in assigned if (state := _progress(consumer, tp))}
        return ConsumerSnapshot(
            running=any(not task.done() for task in self._subscriber.tasks),
            joined=all(map(_joined, consumers)),
            partitions=progress,
            assigned=tuple(sorted(_label(tp) for _, tp in assigned)),
            unknown_topics=tuple(_unknown_topics(consumers)),
            heard=heard,
            failure=next((failure for one in consumers if (failure := _failure(one))), None),
        )

    def lag(self) -> int:
        """Count the records that wait, as the broker told lately; it is silent of what nobody can read."""
        assigned = ((consumer, tp) for consumer in self._consumers() for tp in consumer.assignment())
        states = (_progress(consumer, tp) for consumer, tp in assigned if self._told_lately(consumer, tp))
        return sum(state.lag for state in states if state)

    def _told_lately(self, consumer: AIOKafkaConsumer, tp: TopicPartition) -> bool:
        ago = self._seconds_ago(consumer, tp)
        return ago is not None and ago < _SILENT_SECONDS

    def _consumers(self) -> list[AIOKafkaConsumer]:
        several: list[AIOKafkaConsumer] = getattr(self._subscriber, "consumer_subgroup", [])
        one = self._subscriber.consumer
        return list(several) or ([one] if one is not None else [])

    def _seconds_ago(self, consumer: AIOKafkaConsumer, tp: TopicPartition) -> float | None:
        milliseconds = consumer.last_poll_timestamp(tp)
        return None if milliseconds is None else max(0.0, self._clock() - milliseconds / 1000)


def _label(tp: TopicPartition) -> str:
    return f"{tp.topic}-{tp.partition}"


def _joined(consumer: AIOKafkaConsumer) -> bool:
    subscription = consumer._subscription.subscription  # noqa: SLF001
    if subscription is None or subscription.assignment is None:
        return False
    rejoin: asyncio.Future[None] | None = getattr(consumer._coordinator, "_rejoin_needed_fut", None)  # noqa: SLF001
    return rejoin is None or not rejoin.done()


def _failure(consumer: AIOKafkaConsumer) -> str | None:
    # Each of these runs for as long as its consumer; when one is done the consumer will never read again.
    for name in _COORDINATOR_TASKS:
        task: asyncio.Task[None] | None = getattr(consumer._coordinator, name, None)  # noqa: SLF001
        if task is not None and task.done():
            return f"its coordinator died: {_reason(task)}"
    if consumer._fetcher is not None and consumer._fetcher._fetch_task.done():  # noqa: SLF001
        return f"its fetcher died: {_reason(consumer._fetcher._fetch_task)}"  # noqa: SLF001
    # Nor will it find its brokers again when a connection breaks.
    updating = consumer._client._sync_task  # noqa: SLF001
    if updating is not None and updating.done():
        return f"its client's metadata task died: {_reason(updating)}"
    return None


def _reason(task: asyncio.Task[None]) -> str:
    return "cancelled" if task.cancelled() else repr(task.exception())


def _progress(consumer: AIOKafkaConsumer, tp: TopicPartition) -> PartitionProgress | None:
    state = consumer._subscription.subscription.assignment.state_value(tp)  # noqa: SLF001
    if state is None or state.paused or not state.has_valid_position or state.highwater is None:
        return None
    return PartitionProgress(position=state.position, lag=max(0, state.highwater - state.position))


def _unknown_topics(consumers: list[AIOKafkaConsumer]) -> Iterator[str]:
    for topic in sorted(set().union(*(consumer.subscription() for consumer in consumers))):
        if not any(consumer.partitions_for_topic(topic) for consumer in consumers):
            yield topic
