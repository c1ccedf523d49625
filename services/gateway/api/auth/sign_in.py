"""Signing in, staying signed in, signing out."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID, uuid4

import structlog
from fastapi import APIRouter, Depends, Form, Request
from fastapi.security import OAuth2PasswordRequestForm
from pydantic import BaseModel

from services.gateway.api.auth.codes import fits_second_factor
from services.gateway.api.auth.grants import TokenPair, grant, new_sign_in
from services.gateway.api.auth.tries import client_address, try_second_factor, try_sign_in
from services.gateway.api.principal import Gate, GateDep, SignedIn, unauthorised
from services.gateway.api.problems import ProblemError
from services.gateway.security import digest
from services.gateway.store import accounts
from services.gateway.store.accounts import Credentials, User, sign_ins
from shared.postgres.tenancy import lookup_transaction

router = APIRouter()
_log = structlog.stdlib.get_logger("doso.auth", service="gateway")


class Me(BaseModel):
    """Who is signed in."""

    user_id: UUID
    tenant_id: UUID
    username: str
    role: str
    dealer_ids: list[UUID] | None


@router.post("/token")
async def sign_in(
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    request: Request,
    gate: GateDep,
    otp: Annotated[str | None, Form(description="one-time password or recovery code", max_length=64)] = None,
) -> TokenPair:
    """Sign in with username and password, and the second factor where one is enrolled."""
    address = client_address(request, gate)
    tries = await try_sign_in(gate, form.username, address)
    async with lookup_transaction(gate.work.pool, form.username) as connection:
        known = await accounts.user_by_name(connection, form.username)
    fits = await gate.passwords.verify(form.password, known.password_hash if known else None)
    if known is None or not fits:
        _note_failure(gate, known, form.username, address, "password")
        raise unauthorised()
    async with gate.work.begin(known.tenant_id) as tx:
        user = await accounts.user_by_id(tx.connection, known.user_id)
    if user is None or not user.active:
        _note_failure(gate, known, form.username, address, "deactivated")
        raise unauthorised()
    if user.second_factor:
        await tries.succeeded(gate)  # the password was right; codes are counted by themselves
        await _require_second_factor(gate, user, otp, address)
    pair = await _begin(gate, user, form.password, address, request.headers.get("user-agent", ""))
    await tries.signed_in(gate)
    return pair


@router.post("/refresh")
async def refresh(refresh_token: Annotated[str, Form(max_length=200)], request: Request, gate: GateDep) -> TokenPair:
    """Trade a refresh token for a new pair; a token used twice ends its sign-in, access tokens included."""
    token_hash, now = digest(refresh_token), datetime.now(UTC)
    async with lookup_transaction(gate.work.pool, token_hash) as connection:
        owner = await sign_ins.refresh_token_owner(connection, token_hash)
    if owner is None:
        raise unauthorised()
    tenant_id, sign_in_id = owner
    pair = None
    async with gate.work.begin(tenant_id) as tx:
        standing = await sign_ins.lock_sign_in(tx.connection, sign_in_id, now)
        if standing is not None:
            user = await accounts.user_by_id(tx.connection, standing.user_id)
            state = await sign_ins.use_refresh_token(tx.connection, token_hash, now)
            if user is not None and user.active and state == "fresh":
                await sign_ins.touch_sign_in(tx.connection, sign_in_id, now, client_address(request, gate))
                pair = await grant(gate, tx, standing)
            elif user is not None and state == "used":  # somebody has a copy: end both
                await sign_ins.end_sign_in(tx.connection, sign_in_id)
                details = {"sign_in": str(sign_in_id), "address": client_address(request, gate)}
                await accounts.write_audit(
                    tx.connection, tenant_id, user.username, "sign_in.reused", user.username, details
                )
    if pair is None:
        raise unauthorised()
    return pair


@router.post("/logout", status_code=204)
async def sign_out(refresh_token: Annotated[str, Form(max_length=200)], gate: GateDep) -> None:
    """End a sign-in; unknown tokens are no error, so nothing can be learned here."""
    token_hash = digest(refresh_token)
    async with lookup_transaction(gate.work.pool, token_hash) as connection:
        owner = await sign_ins.refresh_token_owner(connection, token_hash)
    if owner is None:
        return
    async with gate.work.begin(owner[0]) as tx:
        user_id = await sign_ins.end_sign_in(tx.connection, owner[1])
        user = user_id and await accounts.user_by_id(tx.connection, user_id)
        if user:
            details = {"sign_in": str(owner[1])}
            await accounts.write_audit(
                tx.connection, owner[0], user.username, "sign_in.ended", user.username, details
            )


@router.get("/me")
async def me(person: SignedIn) -> Me:
    """Tell who is signed in."""
    assert person.user_id is not None  # noqa: S101  # only people reach this route
    return Me(
        user_id=person.user_id,
        tenant_id=person.tenant_id,
        username=person.actor,
        role=person.role,
        dealer_ids=None if person.dealer_ids is None else sorted(person.dealer_ids),
    )


async def _require_second_factor(gate: Gate, user: User, otp: str | None, address: str) -> None:
    if not otp:
        message = "This account has a second factor: send its code, or a recovery code, as the form field otp."
        raise ProblemError(HTTPStatus.UNAUTHORIZED, message, headers={"WWW-Authenticate": "Bearer"})
    tries = await try_second_factor(gate, user.user_id)
    async with gate.work.begin(user.tenant_id) as tx:
        kind = await fits_second_factor(gate, tx, user, otp)
        if kind == "recovery code":
            await accounts.write_audit(
                tx.connection, user.tenant_id, user.username, "mfa.recovery_code_used", user.username, {}
            )
    if kind is None:
        known = Credentials(user.tenant_id, user.user_id, user.password_hash)
        _note_failure(gate, known, user.username, address, "second factor")
        raise unauthorised()
    await tries.succeeded(gate)


async def _begin(gate: Gate, user: User, password: str, address: str, device: str) -> TokenPair:
    better = await gate.passwords.hash(password) if gate.passwords.outdated(user.password_hash) else None
    begun = new_sign_in(user.tenant_id, user.user_id, uuid4(), address, device)
    async with gate.work.begin(user.tenant_id) as tx:
        # Held, so that nobody is deactivated and no password changed between the check and the sign-in.
        held = await accounts.user_by_id(tx.connection, user.user_id, lock=True)
        if held is None or not held.active or held.password_hash != user.password_hash:
            raise unauthorised()
        if held.second_factor != user.second_factor:
            raise unauthorised()
        if better is not None:
            await accounts.set_password_hash(tx.connection, user.user_id, better)
        await sign_ins.add_sign_in(tx.connection, begun)
        pair = await grant(gate, tx, begun)
        details = {"sign_in": str(begun.sign_in_id), "address": address, "second_factor": user.second_factor}
        await accounts.write_audit(
            tx.connection, user.tenant_id, user.username, "sign_in.begun", user.username, details
        )
    return pair


def _note_failure(gate: Gate, known: Credentials | None, username: str, address: str, wrong: str) -> None:
    """Log a failure, and audit it where it belongs to a group.

    Not waited for: an answer that takes longer for users who exist would tell that they do.
    """
    _log.warning("sign-in failed", address=address, wrong=wrong, known=known is not None)
    if known is not None:
        gate.later(_audit_failure(gate, known, username, address, wrong))


async def _audit_failure(gate: Gate, known: Credentials, username: str, address: str, wrong: str) -> None:
    async with gate.work.begin(known.tenant_id) as tx:
        await accounts.write_audit(
            tx.connection, known.tenant_id, username, "sign_in.failed", username, {"address": address, "wrong": wrong}
        )
