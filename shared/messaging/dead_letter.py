"""Parking: a record that can never work goes to its dead-letter topic, once, with its bytes and the reason."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aiokafka import ConsumerRecord
from pydantic import ValidationError

from shared.events import Topic, deterministic_id
from shared.messaging.envelope import first_parked
from shared.messaging.letter_size import fitting_headers, fitting_key
from shared.messaging.unit_of_work import insert_outbox
from shared.postgres.pool import Connection

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


async def park(
    connection: Connection,
    *,
    topic: Topic[Any],
    group: str,
    record: "ConsumerRecord[Any, Any]",
    event_id: UUID | None,
    error: BaseException,
    attempts: int,
) -> bool:
    """Enter a record as dead and have the outbox send it on; False when it was parked before.

    The same position with the same bytes is the same dead letter, so a redelivery parks nothing anew. One
    that was sent again in vain keeps the time at which it was parked first, and goes when that is over: else it could
    come again for ever, also to those whose inbox has forgotten it.
    """
    position, digest = place_of(record)
    value: bytes = record.value or b""
    reason = describe(error)
    entered = await connection.fetchval(
        """
        INSERT INTO dead_letter (topic, position, digest, event_id, error_class, error, parked_at)
        VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, clock_timestamp())) ON CONFLICT DO NOTHING RETURNING true
        """,
        topic.name,
        position,
        digest,
        event_id,
        type(error).__name__,
        reason,
        first_parked(record.headers),
    )
    if not entered:
        return False
    key, about_key = fitting_key(record.key or b"")
    headers = {
        **fitting_headers(record.headers),
        **about_key,
        "x-topic": topic.name,
        "x-partition": str(record.partition),
        "x-offset": str(record.offset),
        "x-group": group,
        "x-error-class": type(error).__name__,
        "x-error": reason,
        "x-attempts": str(attempts),
        "x-first-seen": str(record.timestamp),
    }
    await insert_outbox(
        connection,
        [letter_id(group, topic.name, position, digest)],
        [topic.dead_letters(group)],
        [key],
        [value],
        [headers],
    )
    return True


def place_of(record: "ConsumerRecord[Any, Any]") -> tuple[str, bytes]:
    """Tell records of a topic apart, even of one made anew: ``partition/offset`` and the digest of the bytes."""
    return f"{record.partition}/{record.offset}", hashlib.sha256(record.value or b"").digest()


async def parked(
    connection: Connection, topic: Topic[Any], records: Sequence["ConsumerRecord[Any, Any]"]
) -> set[tuple[str, bytes]]:
    """Give the places of those records of a topic that were parked before."""
    places = [place_of(record) for record in records]
    rows = await connection.fetch(
        "SELECT position, digest FROM dead_letter"
        " JOIN unnest($2::text[], $3::bytea[]) AS u(position, digest) USING (position, digest) WHERE topic = $1",
        topic.name,
        [position for position, _ in places],
        [digest for _, digest in places],
    )
    return {(row["position"], row["digest"]) for row in rows}


def letter_id(group: str, topic: str, position: str, digest: bytes) -> UUID:
    """Name a dead letter, which is also the id of its outbox row."""
    return deterministic_id("dead-letter", group, topic, position, digest.hex())


def describe(error: BaseException) -> str:
    """Say what was wrong in one line; of an event that does not validate, fields but never their values."""
    text = str(error)
    if isinstance(error, ValidationError):
        problems = error.errors(include_input=False, include_url=False)
        text = "; ".join(f"{_place(problem)}: {_complaint(problem)}" for problem in problems[:10])
    # Half a surrogate pair is no text to Kafka or PostgreSQL, and would stop who sends it on.
    text = text.encode("utf-8", "backslashreplace").decode()
    return text.replace("\x00", "")[:1000] or type(error).__name__


def _place(problem: "ErrorDetails") -> str:
    return ".".join(str(part) for part in problem["loc"]) or "body"


def _complaint(problem: "ErrorDetails") -> str:
    # A message of our own validators may quote the value, which may be personal data; its class does not.
    own = problem.get("ctx", {}).get("error")
    return type(own).__name__ if isinstance(own, Exception) else problem["msg"]
