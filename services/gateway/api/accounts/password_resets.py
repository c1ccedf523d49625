"""Resetting the password of somebody who forgot it: the admin hands over a token, and never knows the password."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.gateway.api.accounts.granting import check_may_change
from services.gateway.api.principal import Admin, GateDep
from services.gateway.api.problems import ProblemError, documented
from services.gateway.security import digest, new_secret
from services.gateway.store import accounts
from services.gateway.store.accounts import password_resets as store
from services.gateway.store.accounts.password_resets import PasswordReset

router = APIRouter()


class NewPasswordReset(BaseModel):
    """For how long the token works."""

    expires_in_hours: Annotated[int, Field(ge=1, le=72)] = 24


class PasswordResetIssued(BaseModel):
    """A token, which is shown this once: hand it over by a way that only they can read."""

    username: str
    token: str
    expires_at: datetime


@router.post("/users/{user_id}/password-reset", status_code=201, responses=documented(409))
async def issue_password_reset(
    user_id: UUID, admin: Admin, gate: GateDep, body: NewPasswordReset | None = None
) -> PasswordResetIssued:
    """Let somebody choose a new password at `/auth/password-reset`; a token issued before ends. Not for oneself.

    Until the token is used nothing changes: the password there is still works, and sign-ins go on.
    """
    if user_id == admin.user_id:
        message = "Change your own password at /api/v1/auth/password, which asks for it."
        raise ProblemError(HTTPStatus.FORBIDDEN, message)
    assert admin.user_id is not None  # noqa: S101  # only people are admins
    token, now = new_secret(), datetime.now(UTC)
    expires_at = now + timedelta(hours=(body or NewPasswordReset()).expires_in_hours)
    async with gate.work.begin(admin.tenant_id) as tx:
        found = await accounts.user_by_id(tx.connection, user_id, lock=True)
        user = check_may_change(admin, found, user_id)
        if not user.active:
            message = f"{user.username} is deactivated: reactivate them first."
            raise ProblemError(HTTPStatus.CONFLICT, message)
        reset = PasswordReset(admin.tenant_id, uuid4(), user_id, digest(token), admin.user_id, now, expires_at)
        await store.add_password_reset(tx.connection, reset)
        details = {"expires_at": expires_at.isoformat()}
        await accounts.write_audit(
            tx.connection, admin.tenant_id, admin.actor, "password.reset_issued", user.username, details
        )
    return PasswordResetIssued(username=user.username, token=token, expires_at=expires_at)
