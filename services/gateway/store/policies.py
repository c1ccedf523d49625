"""The rules that dealers set: every version is kept, none is ever changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.postgres.pool import Connection

TENANT_DEFAULT = UUID(int=0)
"""The dealer id under which rules for the whole tenant are kept and published."""


@dataclass(frozen=True, slots=True)
class RulesVersion:
    """One version of a scope's rules, who set it and when."""

    dealer_id: UUID
    version: int
    rules: dict[str, Any]
    set_by: str
    set_at: datetime


async def newest(connection: Connection, dealer_id: UUID) -> RulesVersion | None:
    """Give the rules that hold for a rooftop, or for the tenant; nothing where none were ever set."""
    row = await connection.fetchrow(
        "SELECT dealer_id, version, rules, set_by, set_at FROM policy_rules"
        " WHERE dealer_id = $1 ORDER BY version DESC LIMIT 1",
        dealer_id,
    )
    return RulesVersion(**row) if row else None


async def history(connection: Connection, dealer_id: UUID, *, before: int | None, limit: int) -> list[RulesVersion]:
    """Read the versions of a scope's rules, newest first."""
    rows = await connection.fetch(
        "SELECT dealer_id, version, rules, set_by, set_at FROM policy_rules"
        " WHERE dealer_id = $1 AND ($2::bigint IS NULL OR version < $2) ORDER BY version DESC LIMIT $3",
        dealer_id,
        before,
        limit,
    )
    return [RulesVersion(**row) for row in rows]


async def overrides(connection: Connection) -> list[RulesVersion]:
    """Give the newest rules of every rooftop of the tenant that has rules of its own."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (dealer_id) dealer_id, version, rules, set_by, set_at FROM policy_rules"
        " WHERE dealer_id <> $1 ORDER BY dealer_id, version DESC",
        TENANT_DEFAULT,
    )
    return [RulesVersion(**row) for row in rows]


async def add(connection: Connection, tenant_id: UUID, version: RulesVersion) -> bool:
    """Add a version; False where that version is there already, set by somebody else meanwhile."""
    added = await connection.fetchval(
        "INSERT INTO policy_rules (tenant_id, dealer_id, version, rules, set_by, set_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING true",
        tenant_id,
        version.dealer_id,
        version.version,
        version.rules,
        version.set_by,
        version.set_at,
    )
    return bool(added)


async def clashes(connection: Connection, dealer_ids: list[UUID] | None) -> list[dict[str, Any]]:
    """Read the advice that stands because rules contradict each other: a hold on a segment, not a vehicle."""
    rows = await connection.fetch(
        """
        SELECT recommendation_id, dealer_id, document->>'segment' AS segment, document->>'reason' AS reason,
               document->'degraded' AS rules
        FROM recommendation
        WHERE status = 'issued' AND action = 'hold' AND document->>'vehicle_key' IS NULL
          AND ($1::uuid[] IS NULL OR dealer_id = ANY($1))
        ORDER BY dealer_id, segment
        """,
        dealer_ids,
    )
    return [dict(row) for row in rows]
