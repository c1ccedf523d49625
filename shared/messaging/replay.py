"""Dead letters, looked at and sent again: for operators, whose role may use every service's schema.

A letter is replayed by entering its event once more in the outbox of the topic's own producer, whose relay
publishes it. Everyone who took the event in before has it in the inbox, so only who parked it handles it now;
what still cannot work is parked anew.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from asyncpg import Record

from shared.events import TOPICS, deterministic_id
from shared.messaging.dead_letter import letter_id


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What a service parked; ``payload`` and ``headers`` are as they came, times in UTC."""

    letter_id: UUID
    service: str
    topic: str
    position: str
    event_id: UUID | None
    error_class: str
    error: str
    parked_at: datetime
    replayed_at: datetime | None
    replayed_by: str | None
    key: str
    payload: bytes
    headers: dict[str, str]

    @property
    def outbox_id(self) -> UUID:
        """Name the outbox row of a replay: the event's own id, or one made of the letter's where it has none."""
        return self.event_id or deterministic_id("replay", self.letter_id)


async def dead_letters(
    connection: "asyncpg.Connection[Record]",
    *,
    service: str | None = None,
    topic: str | None = None,
    replayed: bool = False,
    limit: int = 1000,
) -> list[DeadLetter]:
    """List dead letters, newest first; those already replayed only where asked for."""
    found: list[DeadLetter] = []
    for group in sorted({group for each in TOPICS.values() for group in each.consumers}):
        if service not in (None, group):
            continue
        rows = await connection.fetch(
            f"SELECT topic, position, digest, event_id, error_class, error, parked_at, replayed_at, replayed_by"  # noqa: S608
            f" FROM {group}.dead_letter WHERE ($1::text IS NULL OR topic = $1) AND ($2 OR replayed_at IS NULL)"
            f" ORDER BY parked_at DESC LIMIT $3",
            topic,
            replayed,
            limit,
        )
        letters = {letter_id(group, row["topic"], row["position"], row["digest"]): row for row in rows}
        bodies = await connection.fetch(
            f"SELECT id, key, payload, headers FROM {group}.outbox WHERE id = ANY($1::uuid[])",  # noqa: S608
            list(letters),
        )
        found += [_letter(group, letters[body["id"]], body) for body in bodies]
    return sorted(found, key=lambda letter: letter.parked_at, reverse=True)[:limit]


async def replay(connection: "asyncpg.Connection[Record]", letters: Sequence[DeadLetter], by: str) -> None:
    """Have events published again and note who asked for it, all in one transaction."""
    async with connection.transaction():
        for letter in sorted(letters, key=lambda letter: letter.parked_at):  # as they came
            producer = TOPICS[letter.topic].producers[0]
            headers = {"ce_id": str(letter.outbox_id), **letter.headers}
            await connection.execute(
                f"INSERT INTO {producer}.outbox (id, topic, key, payload, headers)"  # noqa: S608  # our registry
                f" VALUES ($1, $2, $3, $4, $5::json) ON CONFLICT (id) DO UPDATE"
                " SET created_at = clock_timestamp()",  # kept anew, and not purged at this very moment
                letter.outbox_id,
                letter.topic,
                letter.key,
                letter.payload,
                json.dumps(headers),
            )
            await connection.execute(
                f"INSERT INTO {producer}.outbox_waiting (seq, id)"  # noqa: S608
                f" SELECT seq, id FROM {producer}.outbox WHERE id = $1 ON CONFLICT (seq) DO NOTHING",
                letter.outbox_id,
            )
            await connection.execute(
                f"UPDATE {letter.service}.dead_letter SET replayed_at = clock_timestamp(), replayed_by = $3"  # noqa: S608
                f" WHERE topic = $1 AND position = $2 AND digest = $4 AND replayed_at IS NULL",
                letter.topic,
                letter.position,
                by,
                hashlib.sha256(letter.payload).digest(),
            )


def _letter(service: str, row: Record, body: Record) -> DeadLetter:
    # What parking added begins with x-; the rest is what the record came with.
    headers = {name: text for name, text in json.loads(body["headers"]).items() if not name.startswith("x-")}
    return DeadLetter(
        letter_id=body["id"],
        service=service,
        **{name: row[name] for name in ("topic", "position", "event_id", "error_class", "error", "parked_at")},
        replayed_at=row["replayed_at"],
        replayed_by=row["replayed_by"],
        key=body["key"],
        payload=body["payload"],
        headers=headers,
    )
