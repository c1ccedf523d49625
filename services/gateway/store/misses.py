"""Names of what is not there, and refusals: counted by the minute, so that nobody can flood the audit trail."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from services.gateway.store.audit import write_audit
from shared.postgres.pool import Connection

_KEPT = timedelta(hours=1)


async def note_miss(
    connection: Connection, tenant_id: UUID, actor: str, action: str, kind: str, details: dict[str, Any]
) -> None:
    """Count a miss of an actor; the first of a kind in a minute, the tenth, the hundredth... enter the trail.

    Nothing but the asker's own tenant is read, so nothing can be told about what others have.
    """
    misses = await connection.fetchval(
        """
        INSERT INTO access_miss AS m (tenant_id, actor, kind, minute, misses)
        VALUES ($1, $2, $3, date_trunc('minute', now()), 1)
        ON CONFLICT (tenant_id, actor, kind, minute) DO UPDATE SET misses = m.misses + 1 RETURNING misses
        """,
        tenant_id,
        actor,
        f"{action} {kind}",
    )
    if misses == 1:
        await connection.execute(
            "DELETE FROM access_miss WHERE tenant_id = $1 AND actor = $2 AND minute < now() - $3::interval",
            tenant_id,
            actor,
            _KEPT,
        )
    if str(misses).rstrip("0") == "1":
        counted = {"times_this_minute": misses} if misses > 1 else {}
        await write_audit(connection, tenant_id, actor, action, kind, {**details, **counted})
