"""Dead letters, looked at: for operators, whose role may use every service's schema.

What a service parked, and what its relay set aside because the broker refused it. The table ``dead_letter`` says what
and why; the bytes are in the outbox of the same service.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

import asyncpg
from asyncpg import Record
from pydantic import ValidationError

from shared.events import TOPICS, deterministic_id
from shared.messaging.dead_letter import letter_id
from shared.messaging.letter_size import HEADERS_CUT, KEY_BASE64, KEY_CUT
from shared.messaging.refused import ASIDE

Connection: TypeAlias = "asyncpg.Connection[Record]"


class Place(NamedTuple):
    """Where a letter stands, in the order in which letters came: little enough to hold very many."""

    parked_at: datetime
    service: str
    topic: str
    position: str
    digest: bytes
    event_id: UUID | None

    @property
    def letter_id(self) -> UUID:
        """Name the letter."""
        return letter_id(self.service, self.topic, self.position, self.digest)

    @property
    def set_aside(self) -> bool:
        """Whether the service's own relay could not publish it."""
        return self.position.startswith(ASIDE)

    @property
    def row(self) -> UUID:
        """Name the outbox row that has its bytes: the letter, or what could not be published."""
        return self.event_id if self.set_aside and self.event_id else self.letter_id


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What a service could not handle; ``payload`` and ``headers`` are as they came, times in UTC.

    ``parked_at`` is when it was parked first, also of one that came back after it was sent again. ``cut`` says what
    of it was left out of the letter; the key is empty where it was cut or is no text.
    """

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
    cut: str | None
    place: Place
    whole_key: bool

    @property
    def outbox_id(self) -> UUID:
        """Name the outbox row of a replay: the event's own id, or one of the record, whoever parked it."""
        place = self.place
        return self.event_id or deterministic_id("replay", place.topic, place.position, place.digest.hex())

    @property
    def producer(self) -> str:
        """Name the service whose relay publishes it again."""
        return self.service if self.place.set_aside else TOPICS[self.topic].producers[0]

    @property
    def outbox_key(self) -> str:
        """Give the key to publish it under: its own, or where that is not whole the dealer that the body names.

        That is every event's key, so the order is kept. A body that is no event is parked anew wherever it lies.
        """
        if self.whole_key:
            return self.key
        try:
            return str(TOPICS[self.topic].model.model_validate_json(self.payload).dealer_id)
        except ValidationError:
            return ""


async def places(
    connection: Connection,
    *,
    service: str | None = None,
    topic: str | None = None,
    replayed: bool = False,
    newest: int | None = None,
) -> list[Place]:
    """Find dead letters, the oldest first; those already replayed only where asked for.

    With ``newest``: only as many, and the newest first.
    """
    found: list[Place] = []
    for each in _services(service):
        rows = await connection.fetch(
            f"SELECT parked_at, topic, position, digest, event_id FROM {each}.dead_letter"  # noqa: S608  # our registry
            " WHERE ($1::text IS NULL OR topic = $1) AND ($2 OR replayed_at IS NULL)"
            f" ORDER BY parked_at {'DESC' if newest else ''} LIMIT $3",
            topic,
            replayed,
            newest,
        )
        found += [Place(service=each, **row) for row in rows]
    found.sort(key=lambda place: place.parked_at, reverse=bool(newest))
    return found[:newest]


async def held(
    connection: Connection, *, service: str | None = None, topic: str | None = None, replayed: bool = False
) -> int:
    """Count dead letters."""
    total = 0
    for each in _services(service):
        total += await connection.fetchval(
            f"SELECT count(*) FROM {each}.dead_letter"  # noqa: S608  # our registry
            " WHERE ($1::text IS NULL OR topic = $1) AND ($2 OR replayed_at IS NULL)",
            topic,
            replayed,
        )
    return total


async def read(connection: Connection, wanted: Sequence[Place]) -> list[DeadLetter]:
    """Read letters whole, in the order given, but for those that were purged meanwhile."""
    by_service = defaultdict(list)
    for place in wanted:
        by_service[place.service].append(place)
    found: dict[Place, DeadLetter] = {}
    for service, mine in by_service.items():
        rows = await connection.fetch(
            f"SELECT d.* FROM {service}.dead_letter d"  # noqa: S608  # our registry
            " JOIN unnest($1::text[], $2::text[], $3::bytea[]) AS u(topic, position, digest)"
            " USING (topic, position, digest)",
            [place.topic for place in mine],
            [place.position for place in mine],
            [place.digest for place in mine],
        )
        about = {(row["topic"], row["position"], row["digest"]): row for row in rows}
        kept = await connection.fetch(
            f"SELECT id, key, payload, headers FROM {service}.outbox WHERE id = ANY($1::uuid[])",  # noqa: S608
            [place.row for place in mine],
        )
        bodies = {body["id"]: body for body in kept}
        for place in mine:
            row, body = about.get(place[2:5]), bodies.get(place.row)
            if row and body:
                found[place] = _letter(place, row, body)
    return [found[place] for place in wanted if place in found]


async def dead_letters(
    connection: Connection,
    *,
    service: str | None = None,
    topic: str | None = None,
    replayed: bool = False,
    limit: int = 1000,
) -> list[DeadLetter]:
    """Read the newest dead letters, newest first; those already replayed only where asked for."""
    newest = await places(connection, service=service, topic=topic, replayed=replayed, newest=limit)
    return await read(connection, newest)


def parking_services() -> list[str]:
    """Name the services that may park anything."""
    return sorted({name for topic in TOPICS.values() for name in (*topic.consumers, *topic.producers)})


def _services(only: str | None) -> list[str]:
    return [name for name in parking_services() if only in {None, name}]


def _letter(place: Place, row: Record, body: Record) -> DeadLetter:
    # What parking added begins with x-; the rest is what the record came with.
    headers: dict[str, str] = json.loads(body["headers"])
    cut = [
        f"{what}: {headers[name]}" for what, name in (("headers", HEADERS_CUT), ("key", KEY_CUT)) if name in headers
    ]
    return DeadLetter(
        letter_id=place.letter_id,
        service=place.service,
        **{name: value for name, value in row.items() if name != "digest"},
        key=body["key"],
        payload=body["payload"],
        headers={name: text for name, text in headers.items() if not name.startswith("x-")},
        cut="; ".join(cut) or None,
        place=place,
        whole_key=place.set_aside or KEY_BASE64 not in headers,
    )
