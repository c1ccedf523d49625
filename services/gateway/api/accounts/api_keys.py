"""API keys: made, listed, rotated, revoked."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from services.gateway.api.accounts.granting import check_dealers, within
from services.gateway.api.cursor import PageOut, page
from services.gateway.api.principal import Admin, GateDep, Principal
from services.gateway.api.problems import not_found
from services.gateway.security import new_api_key
from services.gateway.store import accounts
from services.gateway.store.accounts import ApiKey
from services.gateway.store.listings import API_KEYS
from shared.messaging.unit_of_work import Transaction

router = APIRouter()
Scope = Literal["events:write", "imports:write", "read"]


class NewApiKeyIn(BaseModel):
    """A key for a machine; without ``dealer_ids`` for every rooftop, without ``scopes`` to send events and files."""

    name: str = Field(min_length=1, max_length=200)
    dealer_ids: list[UUID] | None = None
    expires_at: AwareDatetime | None = None
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=3)] | None = None


class Rotation(BaseModel):
    """For how long the old key works beside the new one."""

    overlap_hours: Annotated[int, Field(ge=0, le=168)] = 24


class ApiKeyOut(BaseModel):
    """A key, without its secret."""

    id: str
    name: str
    dealer_ids: list[UUID] | None
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class ApiKeyCreated(ApiKeyOut):
    """A key with its secret, which is shown this once."""

    secret: str


@router.post("/api-keys", status_code=201)
async def create_api_key(body: NewApiKeyIn, admin: Admin, gate: GateDep) -> ApiKeyCreated:
    """Make a key for a machine; the secret is shown this once."""
    await check_dealers(gate, admin, body.dealer_ids)
    async with gate.work.begin(admin.tenant_id) as tx:
        scopes = None if body.scopes is None else sorted(set(body.scopes))
        made = await _make(tx, admin, body.name, body.dealer_ids, body.expires_at, scopes)
        await _audit(tx, admin, "api_key.created", made.id, {"name": made.name, "scopes": made.scopes})
    return made


@router.get("/api-keys")
async def list_api_keys(
    admin: Admin,
    gate: GateDep,
    *,
    revoked: bool | None = None,
    sort: str = "created_at",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: str | None = None,
) -> PageOut:
    """List keys, without their secrets."""
    filters = {"revoked": revoked, "within": admin.scope(None)}
    found, after = await page(gate, admin, API_KEYS, filters=filters, sort=sort, cursor=cursor, limit=limit)
    return PageOut(items=[ApiKeyOut(**row) for row in found.rows], next_cursor=after)


@router.post("/api-keys/{key_id}/rotate", status_code=201)
async def rotate_api_key(key_id: str, admin: Admin, gate: GateDep, body: Rotation | None = None) -> ApiKeyCreated:
    """Make a key that may do what this one may, and have this one end after the overlap."""
    overlap = timedelta(hours=(body or Rotation()).overlap_hours)
    async with gate.work.begin(admin.tenant_id) as tx:
        old = await _hold(tx, admin, key_id)
        made = await _make(tx, admin, old.name, old.dealer_ids, old.expires_at, old.scopes)
        if overlap:
            await accounts.expire_api_key(tx.connection, key_id, datetime.now(UTC) + overlap)
        else:
            await accounts.revoke_api_key(tx.connection, key_id)
        await _audit(tx, admin, "api_key.rotated", key_id, {"name": old.name, "successor": made.id})
    gate.forget_keys()
    return made


@router.delete("/api-keys/{key_id}", status_code=204)
async def revoke_api_key(key_id: str, admin: Admin, gate: GateDep) -> None:
    """End a key; every replica refuses it within five seconds."""
    async with gate.work.begin(admin.tenant_id) as tx:
        key = await _hold(tx, admin, key_id)
        await accounts.revoke_api_key(tx.connection, key_id)
        await _audit(tx, admin, "api_key.revoked", key_id, {"name": key.name})
    gate.forget_keys()


async def _make(
    tx: Transaction,
    admin: Principal,
    name: str,
    dealer_ids: list[UUID] | None,
    expires_at: datetime | None,
    scopes: Sequence[str] | None,
) -> ApiKeyCreated:
    new = new_api_key()
    key = ApiKey.fresh(
        admin.tenant_id, new.key_id, name, new.secret_hash, dealer_ids, expires_at, list(scopes) if scopes else None
    )
    await accounts.add_api_key(tx.connection, key)
    return ApiKeyCreated(**_out(key).model_dump(), secret=new.text)


async def _hold(tx: Transaction, admin: Principal, key_id: str) -> ApiKey:
    key = await accounts.api_key_of_tenant(tx.connection, key_id)
    if key is None or not within(admin, key.dealer_ids):
        raise not_found("API key", key_id)
    return key


async def _audit(tx: Transaction, admin: Principal, action: str, key_id: str, details: dict[str, Any]) -> None:
    await accounts.write_audit(tx.connection, admin.tenant_id, admin.actor, action, key_id, details)


def _out(key: ApiKey) -> ApiKeyOut:
    return ApiKeyOut(
        id=key.key_id,
        name=key.name,
        dealer_ids=key.dealer_ids,
        scopes=key.scopes,
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
    )
