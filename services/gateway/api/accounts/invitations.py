"""Invitations: an admin says who may come in as what, and they choose their password themselves."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID, uuid4

import asyncpg
from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr

from services.gateway.api.accounts.granting import check_dealers, within
from services.gateway.api.accounts.users import Role
from services.gateway.api.passwords import hash_chosen
from services.gateway.api.principal import Admin, GateDep
from services.gateway.api.problems import ProblemError, documented, not_found
from services.gateway.security import digest, new_secret
from services.gateway.store import accounts
from services.gateway.store.accounts import User
from services.gateway.store.accounts import invitations as store
from services.gateway.store.accounts.invitations import Invitation
from shared.postgres.tenancy import lookup_transaction

router = APIRouter()


class NewInvitation(BaseModel):
    """Who is invited as what; without ``dealer_ids`` every rooftop of the tenant is in scope."""

    username: str = Field(
        min_length=3, max_length=200, description="the name to sign in with, such as an email address"
    )
    role: Role
    dealer_ids: list[UUID] | None = None
    expires_in_hours: Annotated[int, Field(ge=1, le=168)] = 72


class InvitationOut(BaseModel):
    """An invitation, without its token."""

    id: UUID
    username: str
    role: str
    dealer_ids: list[UUID] | None
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None


class InvitationCreated(InvitationOut):
    """An invitation with its token, which is shown this once: hand it over by a way that only they can read."""

    token: str


class Acceptance(BaseModel):
    """The token, and the password one chooses (12 to 256 characters)."""

    token: str = Field(min_length=1, max_length=200)
    password: SecretStr


class Accepted(BaseModel):
    """Who one is now: sign in at ``/auth/token``."""

    username: str
    role: str


@router.post("/invitations", status_code=201, responses=documented(409))
async def invite(body: NewInvitation, admin: Admin, gate: GateDep) -> InvitationCreated:
    """Invite somebody; an invitation of the same name that was not accepted ends."""
    await check_dealers(gate, admin, body.dealer_ids)
    async with lookup_transaction(gate.work.pool, body.username) as connection:
        if await accounts.user_by_name(connection, body.username) is not None:
            raise _taken(body.username)
    assert admin.user_id is not None  # noqa: S101  # only people are admins
    token, now = new_secret(), datetime.now(UTC)
    invitation = Invitation(
        tenant_id=admin.tenant_id,
        invitation_id=uuid4(),
        token_hash=digest(token),
        username=body.username,
        role=body.role,
        dealer_ids=body.dealer_ids,
        invited_by=admin.user_id,
        created_at=now,
        expires_at=now + timedelta(hours=body.expires_in_hours),
    )
    async with gate.work.begin(admin.tenant_id) as tx:
        await store.add_invitation(tx.connection, invitation)
        await accounts.write_audit(
            tx.connection, admin.tenant_id, admin.actor, "user.invited", body.username, {"role": body.role}
        )
    return InvitationCreated(**_out(invitation).model_dump(), token=token)


@router.get("/invitations")
async def list_invitations(admin: Admin, gate: GateDep) -> dict[str, Any]:
    """List invitations, the newest first, without their tokens."""
    async with gate.work.begin(admin.tenant_id) as tx:
        found = await store.invitations(tx.connection)
    return {"items": [_out(one) for one in found if within(admin, one.dealer_ids)], "next_cursor": None}


@router.delete("/invitations/{invitation_id}", status_code=204)
async def withdraw(invitation_id: UUID, admin: Admin, gate: GateDep) -> None:
    """Take an invitation back that was not accepted."""
    async with gate.work.begin(admin.tenant_id) as tx:
        taken = await store.withdraw_invitation(tx.connection, invitation_id)
        if taken is None or not within(admin, taken.dealer_ids):  # raising puts it back
            raise not_found("open invitation", invitation_id)
        await accounts.write_audit(
            tx.connection, admin.tenant_id, admin.actor, "user.invitation_withdrawn", taken.username, {}
        )


@router.post("/invitations/accept", status_code=201, responses=documented(409))
async def accept(body: Acceptance, gate: GateDep) -> Accepted:
    """Become a user by an invitation; its token works once."""
    token_hash = digest(body.token)
    async with lookup_transaction(gate.work.pool, token_hash) as connection:
        found = await store.invitation_by_token(connection, token_hash, datetime.now(UTC))
    if found is None:
        raise _used_up()
    hashed = await hash_chosen(gate, found.tenant_id, found.username, body.password, "body.password")
    async with gate.work.begin(found.tenant_id) as tx:
        taken = await store.use_invitation(tx.connection, token_hash, datetime.now(UTC))
        if taken is None:
            raise _used_up()
        user = User(
            taken.tenant_id,
            uuid4(),
            taken.username,
            hashed,
            taken.role,
            taken.dealer_ids,
            active=True,
            platform=False,
        )
        try:
            await accounts.add_user(tx.connection, user)
        except asyncpg.UniqueViolationError as error:
            raise _taken(taken.username) from error
        await accounts.write_audit(
            tx.connection, taken.tenant_id, taken.username, "user.joined", taken.username, {"role": taken.role}
        )
    return Accepted(username=taken.username, role=taken.role)


def _used_up() -> ProblemError:
    return ProblemError(
        HTTPStatus.NOT_FOUND, "No such invitation: it was used, withdrawn or has expired. Ask for another one."
    )


def _taken(username: str) -> ProblemError:
    return ProblemError(HTTPStatus.CONFLICT, f"The user name {username!r} is taken: choose another.")


def _out(invitation: Invitation) -> InvitationOut:
    return InvitationOut(
        id=invitation.invitation_id,
        username=invitation.username,
        role=invitation.role,
        dealer_ids=invitation.dealer_ids,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
        accepted_at=invitation.accepted_at,
    )
