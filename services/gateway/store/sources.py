"""Sources of DMS events: who may push for which rooftops, their sealed secrets, and what they delivered."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.postgres.pool import Connection

KEPT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Source:
    """A system that pushes events; ``dealer_ids`` None means every rooftop of the tenant.

    ``dealer_codes`` tells which rooftop the system means by its own code. Secrets are sealed.
    """

    tenant_id: UUID
    source_id: str
    name: str
    adapter: str
    authentication: str
    status: str
    dealer_ids: list[UUID] | None
    secret: bytes = field(repr=False)
    created_at: datetime
    dealer_codes: dict[str, str] = field(default_factory=dict)
    previous_secret: bytes | None = field(default=None, repr=False)
    previous_until: datetime | None = None


_COLUMNS = (
    "tenant_id, source_id, name, adapter, authentication, status, dealer_ids, secret, created_at, dealer_codes,"
    " previous_secret, previous_until"
)


async def add(connection: Connection, source: Source) -> None:
    """Add a source; raises ``asyncpg.UniqueViolationError`` when the name is taken."""
    await connection.execute(
        "INSERT INTO dms_source (tenant_id, source_id, name, adapter, authentication, status, dealer_ids, secret,"
        " created_at, dealer_codes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        source.tenant_id,
        source.source_id,
        source.name,
        source.adapter,
        source.authentication,
        source.status,
        source.dealer_ids,
        source.secret,
        source.created_at,
        source.dealer_codes,
    )


async def every(connection: Connection) -> list[Source]:
    """List the sources of the transaction's tenant."""
    rows = await connection.fetch(f"SELECT {_COLUMNS} FROM dms_source ORDER BY name")  # noqa: S608  # constant
    return [Source(**row) for row in rows]


async def one(connection: Connection, source_id: str, *, for_update: bool = False) -> Source | None:
    """Find a source of the transaction's tenant, or, in a lookup transaction, the one of that id."""
    lock = "FOR UPDATE" if for_update else ""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM dms_source WHERE source_id = $1 {lock}",  # noqa: S608  # constants
        source_id,
    )
    return Source(**row) if row else None


async def change(
    connection: Connection,
    source_id: str,
    *,
    status: str,
    dealer_ids: list[UUID] | None,
    dealer_codes: dict[str, str],
) -> None:
    """Set what may be changed of a source."""
    await connection.execute(
        "UPDATE dms_source SET status = $2, dealer_ids = $3, dealer_codes = $4 WHERE source_id = $1",
        source_id,
        status,
        dealer_ids,
        dealer_codes,
    )


async def rotate(connection: Connection, source_id: str, secret: bytes, previous_until: datetime) -> None:
    """Give a source a new sealed secret; the one it had works until then, any older one no more."""
    await connection.execute(
        "UPDATE dms_source SET previous_secret = secret, previous_until = $3, secret = $2 WHERE source_id = $1",
        source_id,
        secret,
        previous_until,
    )


async def remove(connection: Connection, source_id: str) -> None:
    """Delete a source with its secrets and the record of its deliveries."""
    await connection.execute("DELETE FROM dms_delivery WHERE source_id = $1", source_id)
    await connection.execute("DELETE FROM dms_source WHERE source_id = $1", source_id)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery that was taken in before, with what was answered."""

    body_hash: bytes
    answer: dict[str, Any]


async def begin_delivery(
    connection: Connection, tenant_id: UUID, source_id: str, delivery_id: str, body_hash: bytes, at: datetime
) -> Delivery | None:
    """Enter a delivery; gives the earlier one of the same id, waiting for it when it is still under way."""
    entered = await connection.fetchval(
        "INSERT INTO dms_delivery (tenant_id, source_id, delivery_id, body_hash, received_at)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING true",
        tenant_id,
        source_id,
        delivery_id,
        body_hash,
        at,
    )
    if entered:
        return None
    row = await connection.fetchrow(
        "SELECT body_hash, answer FROM dms_delivery WHERE source_id = $1 AND delivery_id = $2", source_id, delivery_id
    )
    return Delivery(**row) if row else None


async def finish_delivery(connection: Connection, source_id: str, delivery_id: str, answer: dict[str, Any]) -> None:
    """Note what a delivery was answered, in the transaction of its effects."""
    await connection.execute(
        "UPDATE dms_delivery SET answer = $3 WHERE source_id = $1 AND delivery_id = $2",
        source_id,
        delivery_id,
        answer,
    )


async def deliveries(connection: Connection, source_id: str, limit: int) -> list[dict[str, Any]]:
    """List what a source delivered last, newest first, each with at most 20 of the events it was refused."""
    rows = await connection.fetch(
        "SELECT delivery_id AS id, received_at, (answer -> 'accepted')::int AS accepted,"
        " (answer -> 'duplicates')::int AS duplicates, jsonb_array_length(answer -> 'rejected') AS rejected_count,"
        " jsonb_path_query_array(answer, '$.rejected[0 to 19]') AS rejected"
        " FROM dms_delivery WHERE source_id = $1 ORDER BY received_at DESC, delivery_id LIMIT $2",
        source_id,
        limit,
    )
    return [dict(row) for row in rows]


async def forget_deliveries(connection: Connection, source_id: str, before: datetime) -> None:
    """Delete the record of old deliveries; events are still taken in once, by ``source`` and ``id``."""
    await connection.execute("DELETE FROM dms_delivery WHERE source_id = $1 AND received_at < $2", source_id, before)
