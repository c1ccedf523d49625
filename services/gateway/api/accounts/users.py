"""People: made, changed, deactivated and reactivated."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import asyncpg
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, SecretStr

from services.gateway.api.accounts.granting import check_dealers, check_may_change
from services.gateway.api.cursor import PageOut, page
from services.gateway.api.passwords import hash_chosen
from services.gateway.api.principal import Admin, GateDep, Principal
from services.gateway.api.problems import ProblemError, documented, not_found
from services.gateway.store import accounts
from services.gateway.store.accounts import User, invitations, password_resets, second_factors, sign_ins
from services.gateway.store.listings import USERS
from shared.messaging.unit_of_work import Transaction

router = APIRouter()
Role = Literal["admin", "manager", "buyer", "viewer"]


class NewUser(BaseModel):
    """A person; without ``dealer_ids`` every rooftop of the tenant is in scope."""

    username: str = Field(min_length=3, max_length=200)
    password: SecretStr = Field(min_length=12, max_length=256)
    role: Role
    dealer_ids: list[UUID] | None = None


class UserChange(BaseModel):
    """What changes of a person; ``dealer_ids`` null means every rooftop, what is not named stays."""

    role: Role | None = None
    dealer_ids: list[UUID] | None = None


class UserOut(BaseModel):
    """A person, without secrets."""

    id: UUID
    username: str
    role: str
    dealer_ids: list[UUID] | None
    active: bool
    second_factor: bool


@router.post("/users", status_code=201, responses=documented(409))
async def create_user(body: NewUser, admin: Admin, gate: GateDep) -> UserOut:
    """Add a person to the group whose password one chooses; better invite them, then nobody else knows it."""
    await check_dealers(gate, admin, body.dealer_ids)
    hashed = await hash_chosen(gate, admin.tenant_id, body.username, body.password, "body.password")
    user = User(admin.tenant_id, uuid4(), body.username, hashed, body.role, body.dealer_ids, True, False)  # noqa: FBT003
    async with gate.work.begin(admin.tenant_id) as tx:
        try:
            await accounts.add_user(tx.connection, user)
        except asyncpg.UniqueViolationError as error:
            message = f"The user name {body.username!r} is taken: choose another."
            raise ProblemError(HTTPStatus.CONFLICT, message) from error
        await _audit(tx, admin, "user.created", user, {"role": body.role})
    return _user_out(user)


@router.get("/users")
async def list_users(
    admin: Admin,
    gate: GateDep,
    *,
    role: Role | None = None,
    active: bool | None = None,
    sort: str = "username",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: str | None = None,
) -> PageOut:
    """List the people of the group; an admin of some rooftops sees those of these alone."""
    filters = {"role": role, "active": active, "within": admin.scope(None)}
    found, after = await page(gate, admin, USERS, filters=filters, sort=sort, cursor=cursor, limit=limit)
    return PageOut(items=[UserOut(**row) for row in found.rows], next_cursor=after)


@router.patch("/users/{user_id}", responses=documented(409))
async def change_user(user_id: UUID, body: UserChange, admin: Admin, gate: GateDep) -> UserOut:
    """Change a person's role and rooftops; it holds from their next request on."""
    given = body.model_fields_set
    if "dealer_ids" in given:
        await check_dealers(gate, admin, body.dealer_ids)
    async with gate.work.begin(admin.tenant_id) as tx:
        user, leaders = await _hold(tx, admin, user_id)
        changed = replace(
            user,
            role=body.role or user.role,
            dealer_ids=body.dealer_ids if "dealer_ids" in given else user.dealer_ids,
        )
        _keep_an_admin(changed, leaders)
        await accounts.change_user(tx.connection, changed)
        if _may_less(user, changed):
            await invitations.withdraw_invitations_of(tx.connection, user_id)
        if changed != user:
            # Who could issue one for what this person was may be no judge of what they are now.
            await password_resets.withdraw_password_resets(tx.connection, user_id)
        details = {"role": [user.role, changed.role], "dealer_ids": [_names(user), _names(changed)]}
        await _audit(tx, admin, "user.changed", user, details)
    return _user_out(changed)


@router.post("/users/{user_id}/deactivate", responses=documented(409))
async def deactivate_user(user_id: UUID, admin: Admin, gate: GateDep) -> UserOut:
    """Shut a person out: their sign-ins end at once, the invitations they sent are withdrawn."""
    async with gate.work.begin(admin.tenant_id) as tx:
        user, leaders = await _hold(tx, admin, user_id)
        changed = replace(user, active=False)
        _keep_an_admin(changed, leaders)
        await accounts.change_user(tx.connection, changed)
        ended = await sign_ins.end_sign_ins_of(tx.connection, user_id)
        await invitations.withdraw_invitations_of(tx.connection, user_id)
        await password_resets.withdraw_password_resets(tx.connection, user_id)
        await _audit(tx, admin, "user.deactivated", user, {"sign_ins_ended": ended})
    return _user_out(changed)


@router.post("/users/{user_id}/reactivate")
async def reactivate_user(user_id: UUID, admin: Admin, gate: GateDep) -> UserOut:
    """Let a person sign in again, with the password and the second factor they had."""
    async with gate.work.begin(admin.tenant_id) as tx:
        user, _ = await _hold(tx, admin, user_id)
        changed = replace(user, active=True)
        await accounts.change_user(tx.connection, changed)
        await _audit(tx, admin, "user.reactivated", user, {})
    return _user_out(changed)


@router.delete("/users/{user_id}/mfa", status_code=204)
async def reset_second_factor(user_id: UUID, admin: Admin, gate: GateDep) -> None:
    """Take the second factor off somebody who has lost it; their sign-ins end. Not for one's own."""
    if user_id == admin.user_id:
        message = "Disable your own second factor at /api/v1/auth/mfa/disable, which asks for it."
        raise ProblemError(HTTPStatus.FORBIDDEN, message)
    async with gate.work.begin(admin.tenant_id) as tx:
        user, _ = await _hold(tx, admin, user_id)
        if not await second_factors.remove_second_factor(tx.connection, user_id):
            raise not_found("second factor of user", user_id)
        await sign_ins.end_sign_ins_of(tx.connection, user_id)
        await _audit(tx, admin, "mfa.reset", user, {})


def _may_less(before: User, after: User) -> bool:
    """Tell whether an admin could invite people before whom they could not invite now."""
    if before.role != "admin" or after.dealer_ids is None:
        return after.role != "admin"
    return after.role != "admin" or before.dealer_ids is None or not set(before.dealer_ids) <= set(after.dealer_ids)


async def _hold(tx: Transaction, admin: Principal, user_id: UUID) -> tuple[User, set[UUID]]:
    """Give a user the admin may change and the group's admins, held until the transaction ends."""
    leaders = await accounts.lock_group_admins(tx.connection)
    user = await accounts.user_by_id(tx.connection, user_id, lock=True)
    return check_may_change(admin, user, user_id), leaders


def _keep_an_admin(changed: User, leaders: set[UUID]) -> None:
    leads = changed.active and changed.role == "admin" and changed.dealer_ids is None
    if not leads and leaders == {changed.user_id}:
        message = f"{changed.username} is the last admin of the whole group: make another one first."
        raise ProblemError(HTTPStatus.CONFLICT, message)


async def _audit(tx: Transaction, admin: Principal, action: str, user: User, details: dict[str, Any]) -> None:
    await accounts.write_audit(tx.connection, admin.tenant_id, admin.actor, action, user.username, details)


def _names(user: User) -> list[str] | None:
    return None if user.dealer_ids is None else [str(dealer_id) for dealer_id in user.dealer_ids]


def _user_out(user: User) -> UserOut:
    return UserOut(
        id=user.user_id,
        username=user.username,
        role=user.role,
        dealer_ids=user.dealer_ids,
        active=user.active,
        second_factor=user.second_factor,
    )
