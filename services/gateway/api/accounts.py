"""Tenants, dealers, users and API keys; for admins."""

import re
from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal
from uuid import UUID, uuid4
from zoneinfo import available_timezones

import asyncpg
from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, field_validator

from services.gateway.api.principal import Admin, GateDep, Person, Principal
from services.gateway.api.problems import PROBLEM_RESPONSES, ProblemError, documented, not_found
from services.gateway.bootstrap import first_admin
from services.gateway.security import new_api_key
from services.gateway.store import accounts
from services.gateway.store.accounts import ApiKey, Dealer, User

router = APIRouter(tags=["accounts"], responses=PROBLEM_RESPONSES)
_CURRENCY = re.compile(r"^[A-Z]{3}$")


class NewTenant(BaseModel):
    """A dealer group."""

    name: str = Field(min_length=1, max_length=200)

    admin: str | None = Field(
        default=None,
        min_length=3,
        max_length=200,
        description="user name of its first admin; none can sign in without",
    )


class TenantOut(BaseModel):
    """A dealer group, with its id; the password of its first admin is shown this once."""

    id: UUID
    name: str
    admin: str | None = None
    admin_password: str | None = None


class NewDealer(BaseModel):
    """A rooftop; ``region`` is what it shares a market with, such as ``US-MI``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Northside Toyota",
                    "currency": "USD",
                    "region": "US-MI",
                    "timezone": "America/Detroit",
                }
            ]
        }
    )

    name: str = Field(min_length=1, max_length=200)
    currency: str = Field(description="ISO 4217, such as USD")
    region: str = Field(min_length=1, max_length=40)
    timezone: str = "UTC"

    @field_validator("currency")
    @classmethod
    def _three_letters(cls, value: str) -> str:
        if not _CURRENCY.match(value):
            message = "must be three capital letters (ISO 4217), such as USD"
            raise ValueError(message)
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            message = "must be an IANA time zone, such as America/Detroit"
            raise ValueError(message)
        return value


class DealerOut(NewDealer):
    """A rooftop, with its id."""

    id: UUID


class NewUser(BaseModel):
    """A person; without ``dealer_ids`` every rooftop of the tenant is in scope."""

    username: str = Field(min_length=3, max_length=200)
    password: SecretStr = Field(min_length=12, max_length=256)
    role: Literal["admin", "manager", "buyer", "viewer"]
    dealer_ids: list[UUID] | None = None


class UserOut(BaseModel):
    """A person, without secrets."""

    id: UUID
    username: str
    role: str
    dealer_ids: list[UUID] | None
    active: bool


class NewApiKeyIn(BaseModel):
    """A key for a DMS; without ``dealer_ids`` it may send for every rooftop."""

    name: str = Field(min_length=1, max_length=200)
    dealer_ids: list[UUID] | None = None
    expires_at: AwareDatetime | None = None


class ApiKeyOut(BaseModel):
    """A key, without its secret."""

    id: str
    name: str
    dealer_ids: list[UUID] | None
    expires_at: datetime | None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class ApiKeyCreated(ApiKeyOut):
    """A key with its secret, which is shown this once."""

    secret: str


@router.post("/tenants", status_code=201, responses=documented(409))
async def create_tenant(body: NewTenant, admin: Admin, gate: GateDep) -> TenantOut:
    """Create a dealer group, and its first admin where one is named; for the admin of the installation."""
    if not admin.platform:
        raise ProblemError(HTTPStatus.FORBIDDEN, "Only the admin of the installation may create tenants.")
    tenant_id = uuid4()
    first = await first_admin(gate.passwords, tenant_id, body.admin) if body.admin else None
    async with gate.work.begin(tenant_id, admin.tenant_id) as tx:
        await accounts.add_tenant(tx.connection, tenant_id, body.name)
        if first is not None:
            try:
                await accounts.add_user(tx.connection, first.user)
            except asyncpg.UniqueViolationError as error:
                message = f"The user name {body.admin!r} is taken: choose another for the first admin."
                raise ProblemError(HTTPStatus.CONFLICT, message) from error
        for trail in (tenant_id, admin.tenant_id):  # a trail of its own begins with how it came to be
            await accounts.write_audit(
                tx.connection, trail, admin.actor, "tenant.created", str(tenant_id), body.model_dump()
            )
    return TenantOut(id=tenant_id, **body.model_dump(), admin_password=first.password if first else None)


@router.get("/tenants")
async def list_tenants(admin: Admin, gate: GateDep) -> dict[str, Any]:
    """List the tenants one belongs to."""
    async with gate.work.begin(admin.tenant_id) as tx:
        return {"items": await accounts.tenants(tx.connection), "next_cursor": None}


@router.post("/dealers", status_code=201, responses=documented(409))
async def create_dealer(body: NewDealer, admin: Admin, gate: GateDep) -> DealerOut:
    """Add a rooftop to the group."""
    dealer = Dealer(admin.tenant_id, uuid4(), **body.model_dump())
    async with gate.work.begin(admin.tenant_id) as tx:
        try:
            await accounts.add_dealer(tx.connection, dealer)
        except asyncpg.UniqueViolationError as error:
            message = f"A dealer named {body.name!r} exists already: give this one another name."
            raise ProblemError(HTTPStatus.CONFLICT, message) from error
        await _audit(tx.connection, admin, "dealer.created", str(dealer.dealer_id), body.model_dump())
    gate.forget_dealers(admin.tenant_id)
    return DealerOut(id=dealer.dealer_id, **body.model_dump())


@router.get("/dealers")
async def list_dealers(person: Person, gate: GateDep) -> dict[str, Any]:
    """List the rooftops in scope."""
    found = await gate.dealers(person.tenant_id)
    scope = person.scope(None)
    items = [
        DealerOut(id=d.dealer_id, name=d.name, currency=d.currency, region=d.region, timezone=d.timezone)
        for d in found.values()
        if scope is None or d.dealer_id in scope
    ]
    return {"items": items, "next_cursor": None}


@router.post("/users", status_code=201, responses=documented(409))
async def create_user(body: NewUser, admin: Admin, gate: GateDep) -> UserOut:
    """Add a person to the group."""
    await _check_dealers(gate, admin, body.dealer_ids)
    hashed = await gate.passwords.hash(body.password.get_secret_value())
    user = User(admin.tenant_id, uuid4(), body.username, hashed, body.role, body.dealer_ids, True, False)  # noqa: FBT003
    async with gate.work.begin(admin.tenant_id) as tx:
        try:
            await accounts.add_user(tx.connection, user)
        except asyncpg.UniqueViolationError as error:
            message = f"The user name {body.username!r} is taken: choose another."
            raise ProblemError(HTTPStatus.CONFLICT, message) from error
        await _audit(tx.connection, admin, "user.created", body.username, {"role": body.role})
    return _user_out(user)


@router.get("/users")
async def list_users(admin: Admin, gate: GateDep) -> dict[str, Any]:
    """List the people of the group."""
    async with gate.work.begin(admin.tenant_id) as tx:
        return {
            "items": [_user_out(user) for user in await accounts.users(tx.connection)],
            "next_cursor": None,
        }


@router.post("/api-keys", status_code=201)
async def create_api_key(body: NewApiKeyIn, admin: Admin, gate: GateDep) -> ApiKeyCreated:
    """Make a key for a DMS; the secret is shown this once."""
    await _check_dealers(gate, admin, body.dealer_ids)
    new = new_api_key()
    key = ApiKey.fresh(admin.tenant_id, new.key_id, body.name, new.secret_hash, body.dealer_ids, body.expires_at)
    async with gate.work.begin(admin.tenant_id) as tx:
        await accounts.add_api_key(tx.connection, key)
        await _audit(tx.connection, admin, "api_key.created", new.key_id, {"name": body.name})
    return ApiKeyCreated(id=new.key_id, secret=new.text, **body.model_dump())


@router.get("/api-keys")
async def list_api_keys(admin: Admin, gate: GateDep) -> dict[str, Any]:
    """List keys, without their secrets."""
    async with gate.work.begin(admin.tenant_id) as tx:
        keys = await accounts.api_keys(tx.connection)
    return {"items": [ApiKeyOut(id=key.key_id, **asdict(key)) for key in keys], "next_cursor": None}


async def _check_dealers(gate: GateDep, admin: Principal, dealer_ids: list[UUID] | None) -> None:
    known = await gate.dealers(admin.tenant_id)
    for dealer_id in dealer_ids or ():
        if dealer_id not in known:
            raise not_found("dealer", dealer_id)


async def _audit(connection: Any, admin: Principal, action: str, subject: str, details: dict[str, Any]) -> None:
    await accounts.write_audit(connection, admin.tenant_id, admin.actor, action, subject, details)


def _user_out(user: User) -> UserOut:
    return UserOut(
        id=user.user_id,
        username=user.username,
        role=user.role,
        dealer_ids=user.dealer_ids,
        active=user.active,
    )
