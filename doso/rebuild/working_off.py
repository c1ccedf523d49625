"""Steps that a service does itself, because the state is in its process or takes its computing: mark, then wait."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doso.rebuild.connections import Connections
from doso.rebuild.step import Note, Piece, RebuildError
from services.market.handlers import ANEW, SURVEYS
from services.market.restating import survey_anew
from services.recommend.restating import BY_ID, embed_anew
from services.recommend.similar import CASES
from shared.postgres.pool import Connection
from shared.postgres.spans import Key, Span, within
from shared.postgres.work import MARKED_SECONDS, MAX_ATTEMPTS

PIECE = 500
_LOOK_SECONDS = 0.5
STILL_SECONDS = 120.0
"""How long nothing may move before we say so and stop waiting; what the service had given up waits half of it."""
STILL_GIVEN_UP_SECONDS = 600.0
"""The same where all that is waited for had been given up: a worker leaves that alone for half of it after a
statement that was ended at half a minute. Where it hangs for longer, that is to be told."""


@dataclass(frozen=True, slots=True)
class Surveys:
    """The step that has every rooftop's market worked out anew."""

    name: str = "surveys"

    async def size(self, connections: Connections, tenant_id: UUID) -> int:
        """Count the rooftops."""
        market = await connections.of("market")
        query = "SELECT count(DISTINCT dealer_id) FROM own_unit WHERE tenant_id = $1"
        return int(await market.fetchval(query, tenant_id))

    async def piece(
        self,
        connections: Connections,
        tenant_id: UUID,
        after: Key | None,  # noqa: ARG002  # there is one piece
        note: Note | None,
    ) -> Piece:
        """Mark all rooftops at once."""
        market = await connections.of("market")
        if note is None:
            return Piece(None, Counter(checked=await self.size(connections, tenant_id)))
        async with market.transaction():
            piece = Piece(None, Counter(checked=await survey_anew(market, tenant_id)))
            await note(market, piece)
        return piece


@dataclass(frozen=True, slots=True)
class Cases:
    """The step that has ended advice embedded and stored anew."""

    rows: int = PIECE
    name: str = "cases"

    async def size(self, connections: Connections, tenant_id: UUID) -> int:
        """Count the advice that ended."""
        recommend = await connections.of("recommend")
        query = "SELECT count(*) FROM advice WHERE tenant_id = $1 AND outcome IS NOT NULL"
        return int(await recommend.fetchval(query, tenant_id))

    async def piece(self, connections: Connections, tenant_id: UUID, after: Key | None, note: Note | None) -> Piece:
        """Mark the next ones."""
        recommend = await connections.of("recommend")
        if note is None:
            return Piece(None, Counter(checked=await self.size(connections, tenant_id)))
        async with recommend.transaction():
            last = await recommend.fetchval(
                f"SELECT recommendation_id::text FROM advice WHERE tenant_id = $1 AND {within(BY_ID)}"  # noqa: S608
                " AND outcome IS NOT NULL ORDER BY recommendation_id OFFSET $4 LIMIT 1",
                tenant_id,
                after,
                None,
                self.rows - 1,
            )
            span = Span(after, (last,) if last else None)
            piece = Piece(span.up_to, Counter(checked=await embed_anew(recommend, tenant_id, span)))
            await note(recommend, piece)
        return piece


@dataclass(frozen=True, slots=True)
class _Waiting:
    """How the work stands: of the tenant what is to be done, how much of it is sound, and what failed for good.

    ``ahead`` is what has waited for its try since we began, whosever it is: what we wait for stands in that line.
    """

    due: int
    sound: int
    failed: int
    why: str | None
    ahead: int

    def moved_since(self, before: _Waiting) -> bool:
        """Tell whether something was done or tried; what is postponed is tried once.

        Marks only make it more, but what is sound beside what is given up has a wait of its own, a shorter one.
        """
        return self.due < before.due or self.ahead < before.ahead or (self.sound > 0 and before.sound == 0)


@dataclass(frozen=True, slots=True)
class WorkedOff:
    """The step that waits until a service has done what was marked."""

    service: str
    queue: str
    key: str | None = None
    patience: float = STILL_SECONDS
    given_up_patience: float = STILL_GIVEN_UP_SECONDS

    @property
    def name(self) -> str:
        """What is waited for."""
        return f"{self.service} at work"

    async def size(self, connections: Connections, tenant_id: UUID) -> int:  # noqa: ARG002
        """Count nothing: what is waited for was counted when it was marked."""
        return 0

    async def piece(
        self,
        connections: Connections,
        tenant_id: UUID,
        after: Key | None,  # noqa: ARG002  # there is one piece
        note: Note | None,
    ) -> Piece:
        """Wait; raises ``RebuildError`` when nothing moves any more, or when the service gave work up."""
        connection = await connections.of(self.service)
        done = Piece(None)
        if note is None:
            return done
        # What had been given up before we began, and was marked, is tried at this moment or soon after it.
        by_then = await connection.fetchval("SELECT now() + make_interval(secs => $1)", MARKED_SECONDS)
        before, moved = None, time.monotonic()
        while (waiting := await self._waiting(connection, tenant_id, by_then)).due:
            if before is None or waiting.moved_since(before):
                moved = time.monotonic()
            patience = self.patience if waiting.sound else self.given_up_patience
            if time.monotonic() - moved > patience:
                message = (
                    f"{waiting.due} pieces of work wait for the service {self.service}, and nothing moved for"
                    f" {patience:.0f} s; see that it runs, then give this command again: it goes on where it was"
                )
                raise RebuildError(message)
            before = waiting
            await asyncio.sleep(_LOOK_SECONDS)
        if waiting.failed:
            message = (
                f"the service {self.service} gave up {waiting.failed} pieces of work ({waiting.why});"
                " mend that and begin again"
            )
            raise RebuildError(message)
        async with connection.transaction():
            await note(connection, done)
        return done

    async def _waiting(self, connection: Connection, tenant_id: UUID, by_then: datetime) -> _Waiting:
        row = await connection.fetchrow(
            # Nothing but a failed try has what is given up wait beyond then, however often it is marked; what could
            # not be tried is at the end of its line.
            "SELECT count(*) FILTER (WHERE ours AND NOT failed) AS due,"
            " count(*) FILTER (WHERE ours AND sound) AS sound,"
            " count(*) FILTER (WHERE ours AND failed) AS failed,"
            " max(error) FILTER (WHERE ours AND failed) AS why,"
            " count(*) FILTER (WHERE due_at <= $5) AS ahead"
            " FROM (SELECT error, due_at, attempts < $4 AS sound,"
            " attempts >= $4 AND due_at > greatest($5, now()) AS failed,"
            " tenant_id = $2 AND ($3::text IS NULL OR key = $3) AS ours FROM work WHERE queue = $1) AS w",
            self.queue,
            tenant_id,
            self.key,
            MAX_ATTEMPTS,
            by_then,
        )
        assert row is not None  # noqa: S101  # an aggregate has one row
        return _Waiting(**row)


SURVEYED = WorkedOff("market", SURVEYS.queue, ANEW)
EMBEDDED = WorkedOff("recommend", CASES.queue)
