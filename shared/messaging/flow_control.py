"""Flow control for a broker that forgets: publish no more than its readers can still come to read."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.events import TOPICS
from shared.messaging.closing import close_client
from shared.messaging.kafka_settings import KafkaSettings

LOOK_AGAIN_SECONDS = 0.05
GIVE_UP_SECONDS = 20.0
"""How long to wait for readers that read nothing: they may be gone, and others want their events."""

_RECORD_OVERHEAD = 100


class FlowControl:
    """Holds a relay back while a topic has more bytes unread than one of its partitions keeps.

    A whole topic is held to what one partition keeps, because a single dealer's events may all lie in one.
    Readers are the consumer groups of the topic registry; what they have read is what they committed.
    """

    def __init__(self, kafka: KafkaSettings, kept_bytes: int) -> None:
        self._admin = AIOKafkaAdminClient(**kafka.client_options())
        self._kept = kept_bytes
        self._coordinators: dict[str, int] = {}
        self._unread: dict[TopicPartition, deque[tuple[int, int]]] = {}
        self._bytes: Counter[str] = Counter()
        self._log = structlog.stdlib.get_logger("doso.flow_control")

    async def start(self) -> None:
        """Connect; raises what aiokafka raises when the broker is away."""
        await self._admin.start()

    async def close(self) -> None:
        """Disconnect."""
        await close_client(self._admin._client)  # noqa: SLF001

    async def admit(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Wait until the first of some outbox rows may be published; returns it and those after it that may too."""
        began = time.monotonic()
        while True:
            count = self._fitting(rows)
            if count:
                return rows[:count]
            topic = rows[0]["topic"]
            before = self._bytes[topic]
            async with asyncio.timeout(GIVE_UP_SECONDS):  # a client that broke may wait for ever
                await self._look(topic)
            if self._bytes[topic] < before:
                began = time.monotonic()
            elif time.monotonic() - began > GIVE_UP_SECONDS:
                self._log.warning(
                    "readers stand still; publishing more than is kept for them", topic=rows[0]["topic"]
                )
                return rows[: max(1, len(rows) // 10)]
            else:
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    def published(self, row: Any, partition: int, offset: int) -> None:
        """Take note of a row that the broker acknowledged."""
        if _readers(row["topic"]):
            place = TopicPartition(row["topic"], partition)
            self._unread.setdefault(place, deque()).append((offset, _size(row)))
            self._bytes[row["topic"]] += _size(row)

    def _fitting(self, rows: Sequence[Any]) -> int:
        """Count the leading rows that fit; a row larger than all that is kept goes alone."""
        filled: dict[str, int] = {}
        for count, row in enumerate(rows):
            topic = row["topic"]
            if topic not in filled:
                filled[topic] = self._bytes[topic]
            if _readers(topic) and filled[topic] and filled[topic] + _size(row) > self._kept:
                return count
            filled[topic] += _size(row)
        return len(rows)

    async def _look(self, topic: str) -> None:
        """Strike off what every reader has committed."""
        places = [place for place in self._unread if place.topic == topic]
        read = dict.fromkeys(places, 2**63)
        for group in _readers(topic):
            if group not in self._coordinators:  # else the client asks for it every time
                self._coordinators[group] = await self._admin.find_coordinator(group)
            committed = await self._admin.list_consumer_group_offsets(group, self._coordinators[group], places)
            for place in places:
                read[place] = min(read[place], committed[place].offset)
        for place in places:
            entries = self._unread[place]
            while entries and entries[0][0] < read[place]:
                self._bytes[topic] -= entries.popleft()[1]


def _readers(topic: str) -> tuple[str, ...]:
    return TOPICS[topic].consumers if topic in TOPICS else ()


def _size(row: Any) -> int:
    return len(row["payload"]) + len(row["headers"]) + len(row["key"]) + _RECORD_OVERHEAD
