"""Letting go of what is no longer needed: published rows, old inbox entries, old dead letters.

The order of the periods is what keeps this safe: an inbox that forgot an event which can still come again would let
its effect happen twice. For how long can it come?

- Published, it is in the outbox for ``outbox_days``, at whose end it may be offered again (`doso rebuild events`),
  and is then in Kafka for ``topic_days``.
- Who reads it last of all may park it, and it may be sent again as long as the letter is there: ``dead_letter_days``
  from the first time that it was parked, however often it was sent again and came back.
- With that it is published once more, and the first point holds again.

So: days in the inbox > 2 × (outbox + topic) + dead letter. What is offered again a second time (a Kafka that was lost
twice within ``outbox_days``, with a reader that took the event in neither before nor between) may come later still.
"""

import asyncio
from typing import Self

import structlog
from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.messaging.failures import passing
from shared.observability import Metrics
from shared.postgres.pool import Pool

BATCH = 5_000
FIRST_SECONDS = 60.0
EVERY_SECONDS = 3600.0
PAUSE_SECONDS = 0.2

_PUBLISHED_BEFORE = (
    "created_at < now() - make_interval(days => $1)"
    " AND NOT EXISTS (SELECT FROM outbox_waiting w WHERE w.seq = outbox.seq)"
    # What was set aside is not published: it goes after its entry.
    " AND NOT EXISTS"
    " (SELECT FROM dead_letter d WHERE d.topic = outbox.topic AND d.position = 'outbox/' || outbox.seq)"
)
_EVENTS = f"{_PUBLISHED_BEFORE} AND topic NOT LIKE '%.dlq.%'"
_LETTERS = f"{_PUBLISHED_BEFORE} AND topic LIKE '%.dlq.%'"
_SEEN = "seen_at < now() - make_interval(days => $1)"
_PARKED = "parked_at < now() - make_interval(days => $1)"


class RetentionSettings(BaseSettings):
    """How many days things are kept."""

    model_config = SettingsConfigDict(env_prefix="DOSO_RETENTION_", extra="ignore")

    topic_days: int = Field(default=7, ge=1, description="events in Kafka")
    outbox_days: int = Field(default=7, ge=1, description="events in the outbox after they were published")
    inbox_days: int = Field(default=45, ge=1, description="ids of events that were handled")
    dead_letter_days: int = Field(default=14, ge=1, description="dead letters, from their first parking")

    @model_validator(mode="after")
    def _inbox_remembers_longest(self) -> Self:
        once = self.outbox_days + self.topic_days
        least = once + self.dead_letter_days + once
        if self.inbox_days <= least:
            message = (
                f"inbox_days ({self.inbox_days}) must be more than {least}, which is outbox_days and topic_days,"
                f" twice, and dead_letter_days: an event that comes again after the inbox forgot it would take effect"
                f" twice"
            )
            raise ValueError(message)
        return self


class Retention:
    """Deletes what is older than its period, a little at a time, for as long as the service runs."""

    def __init__(self, service: str, pool: Pool, settings: RetentionSettings, *, metrics: Metrics) -> None:
        self._pool = pool
        self._settings = settings
        self._metrics = metrics
        self._log = structlog.stdlib.get_logger("doso.retention", service=service)

    async def run(self) -> None:
        """Purge now and then until cancelled."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            try:
                await self.once()
            except Exception as error:
                if not passing(error):
                    raise
                self._log.warning("purge interrupted", error=str(error))
            await asyncio.sleep(EVERY_SECONDS)

    async def once(self) -> dict[str, int]:
        """Delete everything that is past its period; gives how many rows by table."""
        kept = self._settings
        purged = {
            "outbox": await self._purge("outbox", _EVENTS, kept.outbox_days)
            + await self._purge("outbox", _LETTERS, kept.dead_letter_days),
            "inbox": await self._purge("inbox", _SEEN, kept.inbox_days),
            "dead_letter": await self._purge("dead_letter", _PARKED, kept.dead_letter_days),
        }
        for table, rows in purged.items():
            self._metrics.purged(table, rows)
        if any(purged.values()):
            self._log.info("purged", **purged)
        return purged

    async def _purge(self, table: str, rule: str, days: int) -> int:
        total = 0
        while True:
            # In small bites, so that nobody who inserts waits, and skipping what another replica is at.
            tag = await self._pool.execute(
                f"DELETE FROM {table} WHERE ctid = ANY (ARRAY("  # noqa: S608  # our own names
                f"SELECT ctid FROM {table} WHERE {rule} LIMIT {BATCH} FOR UPDATE SKIP LOCKED))",
                days,
            )
            deleted = int(tag.rpartition(" ")[2])
            total += deleted
            if deleted < BATCH:
                return total
            await asyncio.sleep(PAUSE_SECONDS)
