"""The audit trail."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from services.gateway.api.principal import Admin, GateDep
from services.gateway.store import accounts

router = APIRouter()


@router.get("/audit")
async def read_audit(
    admin: Admin,
    gate: GateDep,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Annotated[int | None, Query(ge=1)] = None,
) -> dict[str, Any]:
    """Read who did what, newest first."""
    async with gate.work.begin(admin.tenant_id) as tx:
        rows = await accounts.audit(tx.connection, before=cursor, limit=limit + 1)
    return {"items": rows[:limit], "next_cursor": rows[limit - 1]["seq"] if len(rows) > limit else None}
