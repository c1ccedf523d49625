"""Whether the broker that was started holds what the outboxes say was published; what it does not, is offered again.

What was published and not taken in by everyone is on the broker it was published to, and on no other. So that
broker is noted in the database, beside the outboxes: by its cluster's id, since an address does not say what is
behind it.

The note goes before anything is made on another broker, and comes back once the sweep has committed, before any
service runs. Whatever is cut off in between is swept again at the next start, which inboxes absorb.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import asyncpg
import psutil
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.sweep import Sweep
from shared.events import TOPICS
from shared.messaging import KafkaSettings, ensure_topics

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
_NOTE = """
SELECT pg_advisory_xact_lock(hashtext('doso-migrate'));
CREATE SCHEMA IF NOT EXISTS local_broker;
CREATE TABLE IF NOT EXISTS local_broker.published_to (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    identity text NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Found:
    """A broker before anything is made on it; one that does not tell its cluster's id has no identity."""

    identity: str | None
    topics: frozenset[str]

    def holds(self, noted: str | None) -> bool:
        """Tell whether what was published to the noted broker is here: this is that one, and no topic is gone."""
        return self.identity is not None and self.identity == noted and self.topics >= TOPICS.keys()


async def settle(owner_dsn: str, kafka: KafkaSettings, *, embedded: bool) -> int:
    """Make the topics, and have offered again what this broker does not hold; returns how many events.

    For a broker that keeps what it is given. Only before the services start: what they publish meanwhile would be
    taken for lost. Raises ``KafkaError`` where the broker refuses.
    """
    found = await look(kafka, embedded=embedded)
    async with _notes(owner_dsn) as notes:
        held = found.holds(await notes.fetchval("SELECT identity FROM local_broker.published_to"))
        if not held:
            await notes.execute("DELETE FROM local_broker.published_to")
        await ensure_topics(kafka)
        if held:
            return 0
        offered = await Sweep(owner_dsn).once()
        if found.identity is not None:
            await notes.execute("INSERT INTO local_broker.published_to (identity) VALUES ($1)", found.identity)
    return offered


async def forget(owner_dsn: str) -> None:
    """Note that what is published from now on is kept nowhere: before a broker that forgets is given anything."""
    async with _notes(owner_dsn) as notes:
        await notes.execute("DELETE FROM local_broker.published_to")


async def look(kafka: KafkaSettings, *, embedded: bool) -> Found:
    """Ask a broker which cluster it is of and what topics it has."""
    admin = AIOKafkaAdminClient(**kafka.client_options(), client_id="doso-topics")
    try:
        await admin.start()
        cluster = (await admin.describe_cluster()).get("cluster_id")
        topics = frozenset(await admin.list_topics())
    finally:
        await admin.close()
    if not cluster:
        return Found(None, topics)
    # Kafka acknowledges what stands in the machine's memory alone, trusting in copies on other machines. A single
    # node has none: where power failed, what it acknowledged may be gone, and what PostgreSQL committed is not.
    return Found(f"{cluster} boot {_boot()}" if embedded else cluster, topics)


def _boot() -> str:
    """Name this run of the machine's kernel."""
    return _BOOT.read_text(encoding="ascii").strip() if _BOOT.exists() else f"{psutil.boot_time():.0f}"


@asynccontextmanager
async def _notes(owner_dsn: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(owner_dsn, timeout=10)
    try:
        await connection.execute(_NOTE)
        yield connection
    finally:
        await connection.close()
