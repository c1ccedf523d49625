"""The audit trail."""

from typing import Any
from uuid import UUID

from shared.postgres.pool import Connection


async def write_audit(
    connection: Connection, tenant_id: UUID, actor: str, action: str, subject: str, details: dict[str, Any]
) -> None:
    """Append to the audit trail, in the transaction of what it tells of."""
    await connection.execute(
        "INSERT INTO audit (tenant_id, actor, action, subject, details) VALUES ($1, $2, $3, $4, $5)",
        tenant_id,
        actor,
        action,
        subject,
        details,
    )


async def audit(connection: Connection, *, before: int | None, limit: int) -> list[dict[str, Any]]:
    """Read the audit trail, newest first."""
    rows = await connection.fetch(
        "SELECT seq, at, actor, action, subject, details FROM audit"
        " WHERE $1::bigint IS NULL OR seq < $1 ORDER BY seq DESC LIMIT $2",
        before,
        limit,
    )
    return [dict(row) for row in rows]
