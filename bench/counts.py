"""How far events have come, read straight from the system's database."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.events.topics import INVENTORY_UPDATED

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg

_EVENTS = """
SELECT
  (SELECT count(*) FROM gateway.outbox WHERE topic = 'dms-event-received' AND created_at >= $1) AS received,
  (SELECT count(*) FROM inventory.inbox WHERE topic = 'dms-event-received' AND seen_at >= $1) AS consumed,
  (SELECT count(*) FROM inventory.outbox WHERE topic = 'inventory-updated' AND created_at >= $1) AS updates,
  (SELECT count(*) FROM inventory.outbox_waiting) AS unpublished,
  (SELECT count(*) FROM gateway.inbox WHERE topic = 'inventory-updated' AND seen_at >= $1) AS shown
"""
_UNDER_WAY = """
SELECT
  EXISTS (SELECT FROM gateway.outbox_waiting) OR EXISTS (SELECT FROM inventory.outbox_waiting) AS under_way,
  (SELECT count(*) FROM inventory.dead_letter WHERE parked_at >= $1)
    + (SELECT count(*) FROM gateway.dead_letter WHERE parked_at >= $1) AS parked
"""
"""Counting reads whole tables, which took a third of the database's time away from what is measured."""
_ENDS = """
SELECT
  (SELECT max(created_at) FROM inventory.outbox WHERE topic = 'inventory-updated' AND created_at >= $1) AS told,
  (SELECT max(seen_at) FROM gateway.inbox WHERE topic = 'inventory-updated' AND seen_at >= $1) AS shown
"""
_MISSED = " UNION ALL ".join(
    f"SELECT id FROM told WHERE NOT EXISTS (SELECT FROM {service}.inbox WHERE event_id = id)"
    for service in INVENTORY_UPDATED.consumers
)
_TAKEN_IN = (
    "WITH told AS MATERIALIZED"
    " (SELECT id FROM inventory.outbox WHERE topic = 'inventory-updated' AND created_at >= $1)"
    f" SELECT NOT EXISTS ({_MISSED})"
)
"""By their ids: those told earlier and taken in late are as many more, and would stand in for some of these."""
TAKEN_IN_SECONDS = 600.0
_LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Counts:
    """Events since a point in time, by how far they have come; ``updates`` are of vehicles, not of reports."""

    received: int
    consumed: int
    updates: int
    unpublished: int
    shown: int

    @property
    def done(self) -> bool:
        """Tell whether everything received is in the read model."""
        return self.consumed == self.received and not self.unpublished and self.shown == self.updates


@dataclass(frozen=True, slots=True)
class Look:
    """Whether anything still lies in the outboxes of the way, and how many events became dead letters."""

    under_way: bool
    parked: int


@dataclass(frozen=True, slots=True)
class Ends:
    """When inventory entered the last vehicle update in its outbox, and when the read model took the last one in.

    Both as the database's clock told it inside the transaction, a few milliseconds before it committed.
    """

    told: datetime
    shown: datetime


async def look(connection: asyncpg.Connection[asyncpg.Record], since: datetime) -> Look:
    """Look how things stand, at next to no cost to the database."""
    row = await connection.fetchrow(_UNDER_WAY, since)
    if row is None:
        message = "the database gave no answer"
        raise RuntimeError(message)
    return Look(**row)


async def read_counts(connection: asyncpg.Connection[asyncpg.Record], since: datetime) -> Counts:
    """Count the events since a time; reads all of them, so it is for the end."""
    row = await connection.fetchrow(_EVENTS, since)
    if row is None:
        message = "the database gave no counts"
        raise RuntimeError(message)
    return Counts(**row)


async def read_ends(connection: asyncpg.Connection[asyncpg.Record], since: datetime) -> Ends:
    """Read when the last events since a time were told and shown; raises ValueError where none were."""
    row = await connection.fetchrow(_ENDS, since)
    if row is None or row["told"] is None or row["shown"] is None:
        message = f"no vehicle update was told and shown since {since}"
        raise ValueError(message)
    return Ends(**row)


async def taken_in(connection: asyncpg.Connection[asyncpg.Record], since: datetime) -> None:
    """Wait until every service has taken in the vehicle updates told since; raises TimeoutError after ten minutes."""
    async with asyncio.timeout(TAKEN_IN_SECONDS):
        while not await all_taken_in(connection, since):  # noqa: ASYNC110  # nobody tells us
            await asyncio.sleep(_LOOK_SECONDS)


async def all_taken_in(connection: asyncpg.Connection[asyncpg.Record], since: datetime) -> bool:
    """Tell whether every service has taken in every vehicle update told since a time; true where none was."""
    return bool(await connection.fetchval(_TAKEN_IN, since))


async def read_log_position(connection: asyncpg.Connection[asyncpg.Record]) -> int:
    """Tell how many bytes PostgreSQL has ever written ahead."""
    return int(await connection.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'"))
