"""Signing in, staying signed in, signing out."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form
from fastapi.security import OAuth2PasswordRequestForm
from pydantic import BaseModel

from services.gateway.api.principal import Gate, GateDep, Person, unauthorised
from services.gateway.api.problems import PROBLEM_RESPONSES
from services.gateway.security import ACCESS_SECONDS, REFRESH_DAYS, Claims, digest
from services.gateway.store import accounts
from services.gateway.store.accounts import User
from shared.postgres.tenancy import lookup_transaction

router = APIRouter(prefix="/auth", tags=["auth"], responses=PROBLEM_RESPONSES)


class TokenPair(BaseModel):
    """An access token and the refresh token that replaces it, once."""

    access_token: str
    refresh_token: str
    token_type: str = "bearer"  # noqa: S105  # the scheme's name
    expires_in: int = ACCESS_SECONDS


class Me(BaseModel):
    """Who is signed in."""

    user_id: UUID
    tenant_id: UUID
    username: str
    role: str
    dealer_ids: list[UUID] | None


@router.post("/token")
async def sign_in(form: Annotated[OAuth2PasswordRequestForm, Depends()], gate: GateDep) -> TokenPair:
    """Sign in with username and password."""
    async with lookup_transaction(gate.work.pool, form.username) as connection:
        user = await accounts.user_by_name(connection, form.username)
    fits = await gate.passwords.verify(form.password, user.password_hash if user else None)
    if user is None or not fits or not user.active:
        raise unauthorised()
    return await _tokens(gate, user, uuid4())


@router.post("/refresh")
async def refresh(refresh_token: Annotated[str, Form()], gate: GateDep) -> TokenPair:
    """Trade a refresh token for a new pair; a token used twice ends its whole family."""
    token_hash = digest(refresh_token)
    async with lookup_transaction(gate.work.pool, token_hash) as connection:
        owner = await accounts.refresh_token_owner(connection, token_hash)
    if owner is None:
        raise unauthorised()
    tenant_id, user_id, family = owner
    async with gate.work.begin(tenant_id) as tx:
        fresh = await accounts.use_refresh_token(tx.connection, token_hash)
        user = await accounts.user_by_id(tx.connection, user_id)
        if not fresh:  # somebody has a copy: end both
            await accounts.revoke_family(tx.connection, family)
    if not fresh or user is None or not user.active:
        raise unauthorised()
    return await _tokens(gate, user, family)


@router.post("/logout", status_code=204)
async def sign_out(refresh_token: Annotated[str, Form()], gate: GateDep) -> None:
    """End a sign-in; unknown tokens are no error, so nothing can be learned here."""
    token_hash = digest(refresh_token)
    async with lookup_transaction(gate.work.pool, token_hash) as connection:
        owner = await accounts.refresh_token_owner(connection, token_hash)
    if owner is not None:
        async with gate.work.begin(owner[0]) as tx:
            await accounts.revoke_family(tx.connection, owner[2])


@router.get("/me")
async def me(person: Person) -> Me:
    """Tell who is signed in."""
    assert person.user_id is not None  # noqa: S101  # only people reach this route
    return Me(
        user_id=person.user_id,
        tenant_id=person.tenant_id,
        username=person.actor,
        role=person.role,
        dealer_ids=None if person.dealer_ids is None else sorted(person.dealer_ids),
    )


async def _tokens(gate: Gate, user: User, family: UUID) -> TokenPair:
    refresh_token = f"{uuid4().hex}{uuid4().hex}"
    async with gate.work.begin(user.tenant_id) as tx:
        await accounts.add_refresh_token(
            tx.connection,
            user,
            digest(refresh_token),
            family,
            datetime.now(UTC) + timedelta(days=REFRESH_DAYS),
        )
    access_token = gate.tokens.issue(Claims(user.user_id, user.tenant_id))
    return TokenPair(access_token=access_token, refresh_token=refresh_token)
