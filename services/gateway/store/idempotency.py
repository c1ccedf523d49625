"""Idempotency keys: who holds one, whether it took effect, and the answer that was given."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Claim:
    """A key in use by one request; ``began_at`` tells this use from any other."""

    tenant_id: UUID
    key: str
    route: str
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known of an earlier use of a key; ``recent`` when it may still be under way."""

    recent: bool
    fingerprint: str | None
    answer: str | None


async def claim(
    connection: Connection, tenant_id: UUID, key: str, route: str, *, keep_seconds: float, lease_seconds: float
) -> Claim | Earlier:
    """Take a key, or tell of its earlier use.

    A key is free again when it has expired, and when whoever held it neither took effect nor was heard of for
    the length of the lease.
    """
    await connection.execute(
        "DELETE FROM idempotency WHERE tenant_id = $1 AND began_at < now() - make_interval(secs => $2)",
        tenant_id,
        keep_seconds,
    )
    began_at = await connection.fetchval(
        """
        INSERT INTO idempotency AS i (tenant_id, key, route) VALUES ($1, $2, $3)
        ON CONFLICT (tenant_id, key, route) DO UPDATE SET began_at = clock_timestamp()
        WHERE i.answer IS NULL AND NOT i.effective AND i.began_at < now() - make_interval(secs => $4)
        RETURNING began_at
        """,
        tenant_id,
        key,
        route,
        lease_seconds,
    )
    if began_at is not None:
        return Claim(tenant_id, key, route, began_at)
    row = await connection.fetchrow(
        "SELECT began_at > now() - make_interval(secs => $4) AS recent, fingerprint, answer"
        " FROM idempotency WHERE tenant_id = $1 AND key = $2 AND route = $3",
        tenant_id,
        key,
        route,
        lease_seconds,
    )
    # Without a row it was given back in this very moment, which is as good as under way.
    return Earlier(**row) if row else Earlier(recent=True, fingerprint=None, answer=None)


async def mark(connection: Connection, held: Claim) -> bool:
    """Note, in the transaction that changes something, that a key took effect; False if it is another's by now.

    A transaction that changed nothing is not noted.
    """
    if not await connection.fetchval("SELECT pg_current_xact_id_if_assigned() IS NOT NULL"):
        return True
    done = await connection.execute(
        "UPDATE idempotency SET effective = true WHERE tenant_id = $1 AND key = $2 AND route = $3 AND began_at = $4",
        held.tenant_id,
        held.key,
        held.route,
        held.began_at,
    )
    return done == "UPDATE 1"


async def keep(connection: Connection, held: Claim, fingerprint: str, answer: str | None) -> None:
    """Keep what was answered, sealed; None for an answer that is too long to be kept."""
    await connection.execute(
        "UPDATE idempotency SET effective = true, fingerprint = $5, answer = $6"
        " WHERE tenant_id = $1 AND key = $2 AND route = $3 AND began_at = $4",
        held.tenant_id,
        held.key,
        held.route,
        held.began_at,
        fingerprint,
        answer,
    )


async def release(connection: Connection, held: Claim, *, unless_effective: bool) -> None:
    """Give a key back after a request that did nothing."""
    await connection.execute(
        "DELETE FROM idempotency WHERE tenant_id = $1 AND key = $2 AND route = $3 AND began_at = $4"
        " AND NOT (effective AND $5)",
        held.tenant_id,
        held.key,
        held.route,
        held.began_at,
        unless_effective,
    )
