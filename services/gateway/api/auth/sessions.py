"""One's own sign-ins: where one is signed in, and ending that."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.gateway.api.principal import GateDep, SignedIn
from services.gateway.api.problems import not_found
from services.gateway.store import accounts
from services.gateway.store.accounts import sign_ins

router = APIRouter()


class Session(BaseModel):
    """A sign-in that stands; ``current`` is the one that asks."""

    id: UUID
    began_at: datetime
    last_used_at: datetime
    expires_at: datetime
    address: str
    device: str
    current: bool


@router.get("/sessions")
async def list_sessions(person: SignedIn, gate: GateDep) -> dict[str, Any]:
    """List one's own sign-ins, the last refreshed first."""
    assert person.user_id is not None  # noqa: S101  # only people reach this route
    async with gate.work.begin(person.tenant_id) as tx:
        found = await sign_ins.sign_ins_of(tx.connection, person.user_id, datetime.now(UTC))
    items = [
        Session(
            id=one.sign_in_id,
            began_at=one.began_at,
            last_used_at=one.last_used_at,
            expires_at=one.expires_at,
            address=one.address,
            device=one.device,
            current=one.sign_in_id == person.sign_in_id,
        )
        for one in found
    ]
    return {"items": items, "next_cursor": None}


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(session_id: UUID, person: SignedIn, gate: GateDep) -> None:
    """End one of one's own sign-ins: its access token ends with it, at once."""
    async with gate.work.begin(person.tenant_id) as tx:
        standing = await sign_ins.lock_sign_in(tx.connection, session_id, datetime.now(UTC))
        if standing is None or standing.user_id != person.user_id:
            raise not_found("sign-in", session_id)
        await sign_ins.end_sign_in(tx.connection, session_id)
        await accounts.write_audit(
            tx.connection, person.tenant_id, person.actor, "sign_in.ended", person.actor, {"sign_in": str(session_id)}
        )
