"""How far the system is behind: records that consumers have not committed, and rows that no relay has published."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # its stubs forget it

from deploy.local.pipeline import SERVICES
from shared.events import TOPICS

if TYPE_CHECKING:
    import asyncpg

_ANSWER_SECONDS = 10.0
_OVERDUE = " UNION ALL ".join(
    f"SELECT '{name} ' || queue AS queue, extract(epoch FROM now() - min(due_at))::float8 AS seconds"
    f" FROM {name}.work WHERE attempts < 5 AND due_at <= now() GROUP BY queue"
    for name in SERVICES
    if name != "inventory"  # which computes nothing
)
_OUTBOXES = " UNION ALL ".join(
    f"SELECT '{name}' AS service, count(*) AS waiting FROM {name}.outbox_waiting" for name in SERVICES
)


@dataclass(frozen=True, slots=True)
class Backlog:
    """Unpublished rows by service, and uncommitted records by consumer group."""

    outboxes: dict[str, int]
    lags: dict[str, int]

    @property
    def total(self) -> int:
        """Count everything that waits somewhere."""
        return sum(self.outboxes.values()) + sum(self.lags.values())


class BacklogReader:
    """Reads the backlog of a running system from its broker and its database."""

    def __init__(self, bootstrap_servers: str, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Prepare; the connection has to be its owner's, who sees every schema."""
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
        self._connection = connection
        self._places: list[TopicPartition] = []

    async def read(self) -> Backlog:
        """Read both; raises KafkaException or PostgresError when one of them does not answer."""
        lags = await asyncio.to_thread(self._lags)
        rows = await self._connection.fetch(_OUTBOXES)
        return Backlog({row["service"]: row["waiting"] for row in rows}, lags)

    async def overdue(self) -> dict[str, float]:
        """Give the seconds that the oldest work which is due has waited, by queue; those with none are left out."""
        return {row["queue"]: row["seconds"] for row in await self._connection.fetch(_OVERDUE)}

    def _lags(self) -> dict[str, int]:
        if not self._places:
            known = self._admin.list_topics(timeout=_ANSWER_SECONDS).topics
            self._places = [TopicPartition(topic, number) for topic in TOPICS for number in known[topic].partitions]
        # Commits first: an end that is read later can only make the lag look larger, never negative.
        committed = {group: self._committed(group) for group in SERVICES}
        wanted = {place: OffsetSpec.latest() for place in self._places}  # type: ignore[no-untyped-call]
        asked = self._admin.list_offsets(wanted, request_timeout=_ANSWER_SECONDS)
        ends = {(place.topic, place.partition): future.result().offset for place, future in asked.items()}
        return {
            group: sum(
                max(0, end - max(0, offsets.get((topic, partition), 0)))
                for (topic, partition), end in ends.items()
                if group in TOPICS[topic].consumers
            )
            for group, offsets in committed.items()
        }

    def _committed(self, group: str) -> dict[tuple[str, int], int]:
        asked = self._admin.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group)], request_timeout=_ANSWER_SECONDS
        )
        return {(one.topic, one.partition): one.offset for one in asked[group].result().topic_partitions}
