"""The unit of work: effects and the events they cause commit together, or not at all."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from operator import attrgetter
from uuid import UUID

from shared.events import Event, topic_of
from shared.messaging.envelope import RecordHeaders, headers_of, trace_headers
from shared.messaging.failpoints import reach
from shared.observability import current_traceparent
from shared.postgres import tenant_transaction
from shared.postgres.pool import Connection, Pool, as_json

MAX_PAYLOAD_BYTES = 256 * 1024
Causes = Mapping[UUID, RecordHeaders]
"""The headers of the events that are being handled, by event id."""
_NUMBER = attrgetter("int")


class Transaction:
    """An open transaction and the events it will leave in the outbox when it commits."""

    def __init__(self, connection: Connection, service: str, causes: Callable[[], Causes] = dict) -> None:
        self.connection = connection
        self._service = service
        self._tell_causes = causes
        self._own_trace = current_traceparent()
        self._events: list[tuple[Event, dict[str, str]]] = []

    @cached_property
    def _causes(self) -> Causes:
        return self._tell_causes()

    def emit(self, event: Event, *, caused_by: UUID | None = None) -> None:
        """Have an event published once this transaction commits, in the trace of what caused it."""
        trace = trace_headers(self._causes.get(caused_by, ())) if caused_by else None
        self._events.append((event, trace or self._own_trace))

    async def flush(self) -> int:
        """Write the outbox rows; returns how many were new (an id that is there already adds nothing)."""
        if not self._events:
            return 0
        ids, topics, keys, payloads, headers = [], [], [], [], []
        for event, trace in self._events:
            topic = topic_of(event)
            payload = event.model_dump_json(exclude_none=True).encode()
            if len(payload) > MAX_PAYLOAD_BYTES:
                message = (
                    f"{topic.name} {event.event_id} is {len(payload)} bytes; the limit is "
                    f"{MAX_PAYLOAD_BYTES}: send it in chunks"
                )
                raise ValueError(message)
            ids.append(event.event_id)
            topics.append(topic.name)
            keys.append(str(event.dealer_id))
            payloads.append(payload)
            headers.append(headers_of(event, topic, trace, self._service))
        self._events.clear()
        return len(await insert_outbox(self.connection, ids, topics, keys, payloads, headers))


async def insert_outbox(
    connection: Connection,
    ids: list[UUID],
    topics: list[str],
    keys: list[str],
    payloads: list[bytes],
    headers: list[dict[str, str]],
) -> list[UUID]:
    """Add rows to the outbox, to be published, in one statement; returns the ids that were not there yet."""
    rows = await connection.fetch(
        """
        WITH added AS (
            INSERT INTO outbox (id, topic, key, payload, headers)
            SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::json[])
            ON CONFLICT (id) DO NOTHING RETURNING seq, id)
        INSERT INTO outbox_waiting (seq, id) SELECT seq, id FROM added RETURNING id
        """,
        ids,
        topics,
        keys,
        payloads,
        [as_json(each) for each in headers],
    )
    return [row["id"] for row in rows]


class UnitOfWork:
    """Opens transactions for one service."""

    def __init__(self, pool: Pool, service: str) -> None:
        self.pool = pool
        self.service = service

    @asynccontextmanager
    async def begin(self, *tenants: UUID, causes: Callable[[], Causes] = dict) -> AsyncIterator[Transaction]:
        """Open a transaction for ``tenants``; it commits when the block ends and rolls back if it raises.

        ``causes`` is asked only where an event is emitted that was caused by another.
        """
        async with tenant_transaction(self.pool, tenants) as connection:
            transaction = Transaction(connection, self.service, causes)
            yield transaction
            await transaction.flush()
            reach("transaction.before_commit")
        reach("transaction.after_commit")


async def enter(connection: Connection, event_ids: Iterable[UUID], topic: str) -> set[UUID]:
    """Enter events, each given once, in the inbox; returns those that this service had seen before, mostly none."""
    # Sorted, so that two members that were handed the same records wait for each other, not deadlock.
    rows = await connection.fetch(
        """
        WITH added AS (
            INSERT INTO inbox (event_id, topic) SELECT id, $2 FROM unnest($1::uuid[]) AS u(id)
            ON CONFLICT (event_id) DO NOTHING RETURNING event_id)
        SELECT id FROM unnest($1::uuid[]) AS u(id) WHERE id NOT IN (SELECT event_id FROM added)
        """,
        sorted(event_ids, key=_NUMBER),  # an id compares itself in Python
        topic,
    )
    return {row["id"] for row in rows}


async def seen(connection: Connection, event_ids: Iterable[UUID]) -> set[UUID]:
    """Give those events that this service has taken in, without entering any."""
    rows = await connection.fetch("SELECT event_id FROM inbox WHERE event_id = ANY ($1::uuid[])", list(event_ids))
    return {row["event_id"] for row in rows}
