"""Offering again what the in-memory broker lost.

That broker keeps 5 MiB a partition and nothing over a restart. Here all inboxes are in one database, so what
every consumer has seen can be told from what it has not; inboxes absorb whatever is offered twice.
"""

import asyncio

import asyncpg
import structlog

from shared.events import TOPICS

PATIENCE_SECONDS = 20.0
_log = structlog.stdlib.get_logger("doso.sweep")


class Sweep:
    """Marks published rows that some consumer has not seen as unpublished, oldest first."""

    def __init__(self, owner_dsn: str, patience: float = PATIENCE_SECONDS) -> None:
        self._dsn = owner_dsn
        self._patience = patience
        self._settled: dict[tuple[str, str], int] = {}

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                if offered := await self.once(self._patience):
                    _log.info("offered again", events=offered)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
                _log.warning("sweep interrupted", error=str(error))
            await asyncio.sleep(self._patience)

    async def once(self, older_than: float) -> int:
        """Offer again what was published more than ``older_than`` seconds ago and not seen; returns how much."""
        connection = await asyncpg.connect(self._dsn, timeout=10)
        try:
            total = 0
            for topic in TOPICS.values():
                for producer in topic.producers:
                    total += await self._topic(connection, topic.name, producer, topic.consumers, older_than)
            return total
        finally:
            await connection.close()

    async def _topic(
        self,
        connection: "asyncpg.Connection[asyncpg.Record]",
        topic: str,
        producer: str,
        consumers: tuple[str, ...],
        older_than: float,
    ) -> int:
        unseen = " OR ".join(
            f"(NOT EXISTS (SELECT 1 FROM {name}.inbox i WHERE i.event_id = o.id)"  # noqa: S608  # our registry
            f" AND NOT EXISTS (SELECT 1 FROM {name}.dead_letter d WHERE d.event_id = o.id AND d.replayed_at IS NULL))"
            for name in consumers
        )
        after = self._settled.get((topic, producer), 0)
        horizon = await connection.fetchval(
            f"SELECT max(seq) FROM {producer}.outbox WHERE topic = $1 AND seq > $2"  # noqa: S608  # our registry
            " AND published_at < clock_timestamp() - make_interval(secs => $3)",
            topic, after, older_than,
        )  # fmt: skip
        if horizon is None:
            return 0
        rows = await connection.fetch(
            f"UPDATE {producer}.outbox o SET published_at = NULL"  # noqa: S608
            f" WHERE topic = $1 AND seq > $2 AND seq <= $3 AND published_at IS NOT NULL AND ({unseen}) RETURNING seq",
            topic, after, horizon,
        )  # fmt: skip
        # Everything up to the first one that was offered again is seen by all and never looked at again.
        # Rows between that are still unpublished keep the mark back too. The two are asked for separately,
        # since the relay may publish the former again before we come to ask for the latter.
        waiting = await connection.fetchval(
            f"SELECT min(seq) FROM {producer}.outbox WHERE topic = $1 AND published_at IS NULL",  # noqa: S608
            topic,
        )
        first = min([row["seq"] for row in rows] + ([] if waiting is None else [waiting]), default=horizon + 1)
        self._settled[topic, producer] = min(horizon, first - 1)
        if rows:
            await connection.execute(f"NOTIFY outbox_{producer}")
        return len(rows)
