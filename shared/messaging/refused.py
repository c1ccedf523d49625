"""Rows that the broker refuses for good: set aside, so that what is behind them is published."""

import hashlib
import json
from typing import Any

import asyncpg
from aiokafka.errors import MessageSizeTooLargeError, RecordListTooLargeError, RecordTooLargeError

from shared.messaging.dead_letter import describe
from shared.messaging.envelope import first_parked

REFUSED = (MessageSizeTooLargeError, RecordListTooLargeError, RecordTooLargeError)
"""Errors that are about what was sent and about nothing else, so that the same row alone would be refused for ever.

Of a topic that is missing, a right that is, or a broker that is in trouble, every row would be refused: those wait.
"""

ASIDE = "outbox/"
"""How the position of a row begins that was set aside: it has none in Kafka; the number in the outbox follows."""


async def set_aside(connection: "asyncpg.Connection[asyncpg.Record]", row: Any, error: BaseException) -> None:
    """Take a row off what waits and enter it as dead, in one statement; its bytes stay in the outbox.

    One that was parked or set aside before, and was sent again in vain, keeps the time of the first.
    """
    told = json.loads(row["headers"])
    headers = [(name, text.encode("utf-8", "backslashreplace")) for name, text in told.items()]
    await connection.execute(
        """
        WITH gone AS (DELETE FROM outbox_waiting WHERE seq = $1 RETURNING seq)
        INSERT INTO dead_letter (topic, position, digest, event_id, error_class, error, parked_at)
        SELECT $2, $3 || seq, $4, $5, $6, $7, coalesce($8, clock_timestamp()) FROM gone
        ON CONFLICT (topic, position, digest) DO UPDATE
        SET error_class = EXCLUDED.error_class, error = EXCLUDED.error, replayed_at = NULL, replayed_by = NULL
        """,
        row["seq"],
        row["topic"],
        ASIDE,
        hashlib.sha256(row["payload"]).digest(),
        row["id"],
        type(error).__name__,
        describe(error),
        first_parked(headers),
    )
