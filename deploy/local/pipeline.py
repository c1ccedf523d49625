"""How far the events have come: per stage what went in, what came out, and how long it took."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg

from shared.events import TOPICS, Topic
from shared.postgres.work import MAX_ATTEMPTS

SERVICES = ("gateway", "inventory", "market", "forecast", "recommend", "feedback")
EVER = datetime.min.replace(tzinfo=UTC)
_WITH_WORK = ("gateway", "market", "forecast", "recommend", "feedback")


@dataclass(frozen=True, slots=True)
class Stage:
    """One topic at one consumer; seconds from the first event entered to the last one taken in."""

    topic: str
    consumer: str
    emitted: int
    consumed: int
    parked: int
    seconds: float

    @property
    def missing(self) -> int:
        """Count the events that have not arrived yet."""
        return max(0, self.emitted - self.consumed - self.parked)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Every stage, and the work that is marked but not computed."""

    stages: tuple[Stage, ...]
    work_due: dict[str, int]
    work_failed: dict[str, int]

    @property
    def pending(self) -> int:
        """Count everything that is still under way."""
        return sum(stage.missing for stage in self.stages) + sum(self.work_due.values())

    @property
    def idle(self) -> bool:
        """Tell whether every event was processed and nothing is left to compute."""
        return self.pending == 0


async def release_leases(dsn: str) -> None:
    """Give back what workers of an earlier run held; only right where nobody else can be running."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        for service in _WITH_WORK:
            statement = f"UPDATE {service}.work SET leased_until = NULL, claim = NULL WHERE claim IS NOT NULL"  # noqa: S608
            await connection.execute(statement)
    finally:
        await connection.close()


async def read_pipeline(connection: "asyncpg.Connection[asyncpg.Record]", since: datetime = EVER) -> Pipeline:
    """Read how the pipeline stands at one moment, of events entered since a time; its role must read every schema."""
    # Of one snapshot: else an event that work done meanwhile emits is in neither, and what is busy looks idle.
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        stages = [stage for topic in TOPICS.values() for stage in await _stages(connection, topic, since)]
        due, failed = {}, {}
        for service in _WITH_WORK:
            [row] = await connection.fetch(
                "SELECT count(*) FILTER (WHERE attempts < $1) AS due,"  # noqa: S608
                f" count(*) FILTER (WHERE attempts >= $1) AS failed FROM {service}.work",
                MAX_ATTEMPTS,
            )
            due[service], failed[service] = row["due"], row["failed"]
    return Pipeline(tuple(stages), due, failed)


async def _stages(
    connection: "asyncpg.Connection[asyncpg.Record]", topic: Topic[Any], since: datetime
) -> list[Stage]:
    stages = []
    outbox = " UNION ALL ".join(
        f"SELECT id, topic, created_at FROM {name}.outbox WHERE created_at >= $2"  # noqa: S608
        for name in topic.producers
    )
    [emitted] = await connection.fetch(
        f"SELECT count(*) AS n, min(created_at) AS first FROM ({outbox}) o WHERE topic = $1",  # noqa: S608
        topic.name,
        since,
    )
    for consumer in topic.consumers:
        # Counted by the outbox, since the inbox remembers for longer what was purged here.
        [seen] = await connection.fetch(
            f"SELECT count(*) AS n, max(i.seen_at) AS last FROM ({outbox}) o"  # noqa: S608
            f" JOIN {consumer}.inbox i ON i.event_id = o.id WHERE o.topic = $1",
            topic.name,
            since,
        )
        parked = await connection.fetchval(
            f"SELECT count(*) FROM ({outbox}) o WHERE topic = $1"  # noqa: S608
            f" AND EXISTS (SELECT 1 FROM {consumer}.dead_letter d"
            f" WHERE d.event_id = o.id AND d.replayed_at IS NULL)"
            f" AND NOT EXISTS (SELECT 1 FROM {consumer}.inbox i WHERE i.event_id = o.id)",
            topic.name,
            since,
        )
        took = (seen["last"] - emitted["first"]).total_seconds() if seen["last"] and emitted["first"] else 0.0
        stages.append(Stage(topic.name, consumer, emitted["n"], seen["n"], parked, max(0.0, took)))
    return stages
