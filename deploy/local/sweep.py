"""Offering again what a broker lost.

The in-memory broker keeps 5 MiB a partition and nothing over a restart; any other has nothing of what was published
to its predecessor. Here all inboxes are in one database, so what every consumer has seen can be told from what it
has not; inboxes absorb whatever is offered twice.
"""

import asyncio

import asyncpg
import structlog

from shared.events import TOPICS
from shared.messaging.envelope import FIRST_PARKED
from shared.messaging.retention import RetentionSettings

PATIENCE_SECONDS = 20.0
PRODUCERS = sorted({name for topic in TOPICS.values() for name in topic.producers})
_log = structlog.stdlib.get_logger("doso.sweep")


class Sweep:
    """Has published rows that some consumer has not seen published again, oldest first."""

    def __init__(self, owner_dsn: str, patience: float = PATIENCE_SECONDS) -> None:
        self._dsn = owner_dsn
        self._patience = patience
        self._settled: dict[tuple[str, str], int] = {}
        self._published: dict[str, int] = {}

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                if offered := await self.once():
                    _log.info("offered again", events=offered)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
                _log.warning("sweep interrupted", error=str(error))
            await asyncio.sleep(self._patience)

    async def once(self) -> int:
        """Offer again what had been published when this was asked last, and is not seen yet; returns how much.

        Asked for the first time, it takes whatever is published, behind what waits too.
        """
        connection = await asyncpg.connect(self._dsn, timeout=10)
        try:
            total = 0
            horizons = self._published or {name: await _entered(connection, name) for name in PRODUCERS}
            for topic in TOPICS.values():
                for producer in topic.producers:
                    total += await self._topic(connection, topic.name, producer, topic.consumers, horizons[producer])
            # Looked up afterwards: what was just offered again gets its time, too.
            self._published = {name: await _published(connection, name) for name in PRODUCERS}
            return total
        finally:
            await connection.close()

    async def _topic(
        self,
        connection: "asyncpg.Connection[asyncpg.Record]",
        topic: str,
        producer: str,
        consumers: tuple[str, ...],
        horizon: int,
    ) -> int:
        unseen = " OR ".join(
            f"(NOT EXISTS (SELECT 1 FROM {name}.inbox i WHERE i.event_id = o.id)"  # noqa: S608  # our registry
            f" AND NOT EXISTS (SELECT 1 FROM {name}.dead_letter d WHERE d.event_id = o.id AND d.replayed_at IS NULL))"
            for name in consumers
        )
        after = self._settled.get((topic, producer), 0)
        if horizon <= after:
            return 0
        # What is offered again is kept anew; changed here, it is not purged at this very moment either.
        rows = await connection.fetch(
            f"""
            WITH lost AS (
                UPDATE {producer}.outbox o SET created_at = clock_timestamp()
                WHERE topic = $1 AND seq > $2 AND seq <= $3 AND ({unseen})
                    AND NOT EXISTS (SELECT FROM {producer}.outbox_waiting w WHERE w.seq = o.seq)
                    AND NOT EXISTS (SELECT FROM {producer}.dead_letter d WHERE d.topic = o.topic
                        AND d.position = 'outbox/' || o.seq AND d.replayed_at IS NULL)  -- refused, not lost
                    AND coalesce(to_timestamp((o.headers->>'{FIRST_PARKED}')::bigint / 1000) >
                        now() - make_interval(days => $4), true)  -- not let go with its letter
                RETURNING seq, id)
            INSERT INTO {producer}.outbox_waiting (seq, id) SELECT seq, id FROM lost
            ON CONFLICT (seq) DO NOTHING RETURNING seq
            """,  # noqa: S608  # our registry
            topic, after, horizon, RetentionSettings().dead_letter_days,
        )  # fmt: skip
        # Everything up to the first one that was offered again is seen by all and never looked at again.
        # Rows between that are still unpublished keep the mark back too. The two are asked for separately,
        # since the relay may publish the former again before we come to ask for the latter.
        waiting = await connection.fetchval(
            f"SELECT min(w.seq) FROM {producer}.outbox_waiting w JOIN {producer}.outbox USING (id)"  # noqa: S608
            " WHERE topic = $1",
            topic,
        )
        first = min([row["seq"] for row in rows] + ([] if waiting is None else [waiting]), default=horizon + 1)
        self._settled[topic, producer] = min(horizon, first - 1)
        return len(rows)


async def _entered(connection: "asyncpg.Connection[asyncpg.Record]", producer: str) -> int:
    """Give the last number that was given out."""
    number: int = await connection.fetchval(
        f"SELECT coalesce(pg_sequence_last_value('{producer}.outbox_seq_seq'), 0)"  # our registry
    )
    return number


async def _published(connection: "asyncpg.Connection[asyncpg.Record]", producer: str) -> int:
    """Give the number up to which everything is published, but for what is being written right now."""
    number: int = await connection.fetchval(
        f"SELECT coalesce((SELECT min(seq) - 1 FROM {producer}.outbox_waiting),"  # noqa: S608
        f" pg_sequence_last_value('{producer}.outbox_seq_seq'), 0)"
    )
    return number
