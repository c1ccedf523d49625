"""Holding a copy against its owner, piece by piece, and making anew what is not as it should be.

Why this is safe while events stream in: the rows of a piece are locked first and the owner is read after that. So
the owner is never behind what the copy may rightly show, and whatever it says is right. (But for answers, which
their owner does not publish itself: of those the newest that either has counts.) An event that is still on its way
carries a version that is not newer, and changes nothing when it comes; one that comes meanwhile waits for
the lock, finds the row made anew and is judged by its version as ever. Readers see the rows as they were until the
piece commits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asyncpg import DeadlockDetectedError, Record

from doso.rebuild.connections import Connections
from doso.rebuild.copies import Copy
from doso.rebuild.step import Note, Piece
from shared.messaging.failpoints import reach
from shared.postgres.pool import Connection
from shared.postgres.spans import Key, Span, within

PIECE = 500
_TRIES = 5
_TOLD_WITH = ("live_event", "live_position")
"""What the gateway writes beside the rows of its read model."""

Rows = dict[Key, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Mending:
    """The step that brings one copy in line with its owner."""

    copy: Copy
    rows: int = PIECE

    @property
    def name(self) -> str:
        """What the copy is called."""
        return self.copy.name

    async def size(self, connections: Connections, tenant_id: UUID) -> int:
        """Count the owner's rows."""
        connection = await connections.of(self.copy.owner)
        query = f"SELECT count(*) FROM {self.copy.owner}.{self.copy.owned} WHERE tenant_id = $1"  # noqa: S608
        return int(await connection.fetchval(query, tenant_id))

    async def piece(self, connections: Connections, tenant_id: UUID, after: Key | None, note: Note | None) -> Piece:
        """Hold the next rows against their owner's, and unless this is a dry run mend those that differ."""
        for attempt in range(1, _TRIES + 1):
            try:
                piece = await self._piece(connections, tenant_id, after, note)
            except DeadlockDetectedError:  # with a batch of live events, which is tried again too
                if attempt == _TRIES:
                    raise
            else:
                reach("rebuild.after_piece")
                return piece
        raise AssertionError

    async def _piece(self, connections: Connections, tenant_id: UUID, after: Key | None, note: Note | None) -> Piece:
        copy = self.copy
        real = await connections.of(copy.schema)
        owner = await connections.of(copy.owner)
        last = await self._end(owner, tenant_id, after)
        span = Span(after, last)
        async with real.transaction():
            held = await self._held(real, tenant_id, span, lock=note is not None)
            events = await copy.restate(connections, tenant_id, span)
            anew = await self._anew(connections, tenant_id, events)
            wrong = {key for key in held.keys() & anew.keys() if _differ(copy, held[key], anew[key])}
            missing, unclaimed = anew.keys() - held.keys(), held.keys() - anew.keys()
            counts = Counter(checked=len(anew), differing=len(wrong), missing=len(missing), unclaimed=len(unclaimed))
            piece = Piece(last, counts)
            if note is not None:
                await self._remove(real, tenant_id, span, wrong | unclaimed)
                again = [event for event in events if copy.key_of(event) in wrong | missing]
                if again:
                    await copy.project(real, again)
                await note(real, piece)
        return piece

    async def _end(self, owner: Connection, tenant_id: UUID, after: Key | None) -> Key | None:
        """Find the last key of the piece in the owner's table; None where it reaches to the end of both tables."""
        columns = ", ".join(self.copy.walk)
        row = await owner.fetchrow(
            f"SELECT {', '.join(f'{column}::text' for column in self.copy.walk)}"  # noqa: S608
            f" FROM {self.copy.owner}.{self.copy.owned}"
            f" WHERE tenant_id = $1 AND {within(self.copy.walk)} ORDER BY {columns} OFFSET $4 LIMIT 1",
            tenant_id,
            after,
            None,
            self.rows - 1,
        )
        return tuple(row.values()) if row else None

    async def _held(self, real: Connection, tenant_id: UUID, span: Span, *, lock: bool) -> Rows:
        copy = self.copy
        rows = await real.fetch(
            f"SELECT * FROM {copy.schema}.{copy.table} WHERE tenant_id = $1 AND {within(copy.walk)}"  # noqa: S608
            f" ORDER BY {', '.join(copy.key)}{' FOR UPDATE' if lock else ''}",
            tenant_id,
            span.after,
            span.up_to,
        )
        return _by_key(copy, rows)

    async def _anew(self, connections: Connections, tenant_id: UUID, events: Sequence[Any]) -> Rows:
        """Have the service's own projection write the events into tables that stand for the real ones."""
        copy = self.copy
        shadow = await connections.of(copy.schema, shadow=True)
        beside = _TOLD_WITH if copy.schema == "gateway" else ()
        for table in (copy.table, *beside):
            like = f"(LIKE {copy.schema}.{table} INCLUDING ALL)"
            await shadow.execute(f"CREATE TEMP TABLE IF NOT EXISTS {table} {like}")
        transaction = shadow.transaction()
        await transaction.start()
        try:
            if events:
                await copy.project(shadow, events)
            rows = await shadow.fetch(f"SELECT * FROM {copy.table} WHERE tenant_id = $1", tenant_id)  # noqa: S608
        finally:
            await transaction.rollback()
        return _by_key(copy, rows)

    async def _remove(self, real: Connection, tenant_id: UUID, span: Span, keys: set[Key]) -> None:
        if not keys:
            return
        copy = self.copy
        listed = ", ".join(f"${place}::text[]" for place in range(4, 4 + len(copy.key)))
        await real.execute(
            f"DELETE FROM {copy.schema}.{copy.table} WHERE tenant_id = $1 AND {within(copy.walk)}"  # noqa: S608
            f" AND ({', '.join(f'{column}::text' for column in copy.key)}) IN (SELECT * FROM unnest({listed}))",
            tenant_id,
            span.after,
            span.up_to,
            *(list(column) for column in zip(*sorted(keys), strict=True)),
        )


def _by_key(copy: Copy, rows: Sequence[Record]) -> Rows:
    return {tuple(str(row[column]) for column in copy.key): dict(row) for row in rows}


def _differ(copy: Copy, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return copy.comparable(one) != copy.comparable(other)
