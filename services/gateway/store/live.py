"""What is told live: written where the read model changes, in the same transaction, numbered per tenant.

Numbers follow commits: a transaction takes them from its tenant's row in ``live_position``, whose lock it holds
until it ends. So no lower number ever appears after a higher one was read, and there are no gaps: what was rolled
back gave its numbers back. The row is taken last, since everybody else of the tenant waits for it meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from shared.postgres.pool import Connection, Pool


@dataclass(frozen=True, slots=True)
class Told:
    """What changed at one rooftop in one transaction; ``items`` is a JSON array as text."""

    seq: int
    dealer_id: UUID
    kind: str
    items: str
    at: datetime


def announced(change: str) -> str:
    """Give the SQL that makes a change and tells of it: one row per rooftop and kind, however much changed.

    ``change`` returns ``tenant_id, dealer_id, kind, item``, the last as JSON.
    """
    return f"""
        WITH shown AS ({change}),
        told AS (
            SELECT tenant_id, dealer_id, kind, json_agg(item) AS items,
                   row_number() OVER (PARTITION BY tenant_id ORDER BY dealer_id, kind) AS place,
                   count(*) OVER (PARTITION BY tenant_id) AS of
            FROM shown GROUP BY tenant_id, dealer_id, kind
        ),
        counted AS (
            INSERT INTO live_position AS p (tenant_id, last)
            SELECT tenant_id, count(*) FROM told GROUP BY tenant_id ORDER BY tenant_id
            ON CONFLICT (tenant_id) DO UPDATE SET last = p.last + excluded.last
            RETURNING tenant_id, last
        )
        INSERT INTO live_event (tenant_id, seq, dealer_id, kind, items)
        SELECT t.tenant_id, c.last - t.of + t.place, t.dealer_id, t.kind, t.items
        FROM told t JOIN counted c USING (tenant_id)
        """  # noqa: S608  # made of constants


_TELL = announced(
    "SELECT tenant_id, dealer_id, kind, item::json AS item"
    " FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) AS u(tenant_id, dealer_id, kind, item)"
)


async def tell(connection: Connection, rows: Sequence[tuple[UUID, UUID, str, dict[str, Any]]]) -> None:
    """Tell of what changes no row of its own: tenant, rooftop, kind, item."""
    if rows:
        tenants, dealers, kinds, items = zip(*rows, strict=True)
        await connection.execute(_TELL, tenants, dealers, kinds, [to_json(item).decode() for item in items])


async def last_told(connection: Connection, tenant_id: UUID) -> int:
    """Give the number of what was told last, 0 where nothing ever was."""
    return await connection.fetchval("SELECT last FROM live_position WHERE tenant_id = $1", tenant_id) or 0


async def first_kept(connection: Connection, tenant_id: UUID) -> int | None:
    """Give the number of the oldest that can still be told again, None where nothing is kept."""
    found: int | None = await connection.fetchval("SELECT min(seq) FROM live_event WHERE tenant_id = $1", tenant_id)
    return found


async def told_after(
    connection: Connection, tenant_id: UUID, after: int, limit: int, until: int | None = None
) -> list[Told]:
    """Read what was told after a number, up to ``until`` where given, in order."""
    rows = await connection.fetch(
        "SELECT seq, dealer_id, kind, items, at FROM live_event"
        " WHERE tenant_id = $1 AND seq > $2 AND ($4::bigint IS NULL OR seq <= $4) ORDER BY seq LIMIT $3",
        tenant_id,
        after,
        limit,
        until,
    )
    return [Told(**row) for row in rows]


async def tellers(pool: Pool) -> list[tuple[UUID, int]]:
    """List every tenant of which anything was ever told, with its last number; holds ids and counters only."""
    return [(row["tenant_id"], row["last"]) for row in await pool.fetch("SELECT tenant_id, last FROM live_position")]


async def purge(connection: Connection, tenant_id: UUID, *, up_to: int, older_than: datetime, limit: int) -> int:
    """Delete up to ``limit`` of the oldest rows that are numbered up to ``up_to`` or older than a time."""
    # Numbers and times grow together, so where the oldest row may stay, nothing else needs to be looked at.
    status = await connection.execute(
        """
        DELETE FROM live_event WHERE tenant_id = $1 AND seq IN (
            SELECT seq FROM (SELECT seq, at FROM live_event WHERE tenant_id = $1 ORDER BY seq LIMIT $4) AS oldest
            WHERE seq <= $2 OR at < $3)
        AND EXISTS (SELECT FROM (
            SELECT seq, at FROM live_event WHERE tenant_id = $1 ORDER BY seq LIMIT 1) AS first
            WHERE first.seq <= $2 OR first.at < $3)
        """,
        tenant_id,
        up_to,
        older_than,
        limit,
    )
    return int(status.split()[-1])
