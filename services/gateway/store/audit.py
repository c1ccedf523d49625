"""The audit trail: appended to in the transaction of what it tells of, one writer of a tenant at a time."""

from collections.abc import AsyncIterator, Mapping
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from services.gateway.domain.audit_chain import GENESIS, Entry, plain
from shared.postgres import ONE_TENANT, tenant_transaction
from shared.postgres.pool import Connection, Pool

_COLUMNS = "tenant_id, seq, at, actor, action, subject, details, client, request_id, previous, hash"
_PART = 1000


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the request came from that is being answered."""

    client: str | None
    request_id: str | None


ORIGIN: ContextVar[Origin | None] = ContextVar("origin", default=None)
"""Set around each request; nothing where no request is answered."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows are wanted; ``until`` is the first moment that is not."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """An entry with the hash that was stored with it."""

    entry: Entry
    hash: str

    def as_json(self) -> dict[str, Any]:
        """Give the row as it is shown and exported."""
        return {**asdict(self.entry), "hash": self.hash}


async def write_audit(
    connection: Connection, tenant_id: UUID, actor: str, action: str, subject: str, details: Mapping[str, Any]
) -> None:
    """Append to the tenant's trail, in the transaction of what it tells of.

    Write it last in that transaction: until it ends, nobody else of the tenant can append.
    """
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"audit {tenant_id}")
    # A statement of its own: its snapshot is taken after the lock was had, so the last row is the last row.
    last = await connection.fetchrow(
        "SELECT clock_timestamp() AS at, l.seq, l.hash FROM (SELECT) AS one LEFT JOIN LATERAL"
        " (SELECT seq, hash FROM audit WHERE tenant_id = $1 ORDER BY seq DESC LIMIT 1) AS l ON true",
        tenant_id,
    )
    assert last is not None  # noqa: S101  # a left join of one row gives one
    origin = ORIGIN.get() or Origin(None, None)
    entry = Entry(
        tenant_id=tenant_id,
        seq=(last["seq"] or 0) + 1,
        at=last["at"],
        actor=plain(actor),
        action=action,
        subject=plain(subject),
        details=plain(details),
        client=origin.client,
        request_id=origin.request_id,
        previous=last["hash"] or GENESIS,
    )
    await connection.execute(
        f"INSERT INTO audit ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",  # noqa: S608
        *(getattr(entry, name) for name in Entry.__dataclass_fields__),
        entry.digest(),
    )


async def newest_first(connection: Connection, filters: Filters, *, before: int | None, limit: int) -> list[Row]:
    """Read a page of the trail of the transaction's tenant, newest first."""
    where, arguments = _conditions(filters, "seq < ${}", before)
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM audit WHERE {where} ORDER BY seq DESC LIMIT ${len(arguments) + 1}",  # noqa: S608
        *arguments,
        limit,
    )
    return [row_of(row) for row in rows]


async def oldest_first(pool: Pool, tenant_id: UUID, filters: Filters, *, last: int) -> AsyncIterator[Row]:
    """Read the trail up to row ``last``, oldest first; a slow reader holds no connection between parts."""
    after = 0
    while True:
        where, arguments = _conditions(filters, "seq > ${}", after)
        async with tenant_transaction(pool, [tenant_id]) as connection:
            rows = await connection.fetch(
                f"SELECT {_COLUMNS} FROM audit WHERE {where} AND seq <= ${len(arguments) + 1}"  # noqa: S608
                f" ORDER BY seq LIMIT {_PART}",
                *arguments,
                last,
            )
        for row in rows:
            yield row_of(row)
        if len(rows) < _PART:
            return
        after = rows[-1]["seq"]


async def head(connection: Connection) -> Row | None:
    """Give the last row of the trail of the transaction's tenant."""
    row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM audit WHERE {ONE_TENANT} ORDER BY seq DESC LIMIT 1")  # noqa: S608
    return row_of(row) if row else None


def row_of(row: Record) -> Row:
    """Read a row of the table."""
    values = dict(row)
    return Row(hash=values.pop("hash"), entry=Entry(**values))


def _conditions(filters: Filters, position: str, at: int | None) -> tuple[str, list[object]]:
    known: tuple[tuple[str, object], ...] = (
        ("actor = ${}", filters.actor),
        ("action = ${}", filters.action),
        ("subject = ${}", filters.subject),
        ("at >= ${}", filters.since),
        ("at < ${}", filters.until),
        (position, at),
    )
    wanted = [(text, value) for text, value in known if value is not None]
    where = [ONE_TENANT, *(text.format(number) for number, (text, _) in enumerate(wanted, 1))]
    return " AND ".join(where), [value for _, value in wanted]
