"""Sources of DMS events, for admins: making them, changing them, new secrets, what they delivered."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from secrets import token_hex
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.gateway.adapters import ADAPTERS
from services.gateway.api.accounts.granting import check_dealers, within
from services.gateway.api.principal import Admin, Gate, GateDep, Principal
from services.gateway.api.problems import PROBLEM_RESPONSES, ProblemError, documented, not_found
from services.gateway.api.source_access import SealerDep, row_name
from services.gateway.signing import new_secret, shown
from services.gateway.store import accounts, sources
from services.gateway.store.sources import Source
from shared.messaging import Transaction

router = APIRouter(prefix="/dms/sources", tags=["dms"], responses=PROBLEM_RESPONSES)
Status = Literal["active", "disabled"]
Code = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]


class NewSource(BaseModel):
    """A system that will push events; without ``dealer_ids`` it speaks for every rooftop.

    ``dealer_codes`` tells which rooftop its own codes mean. ``basic`` is for relays that cannot sign.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Main DMS",
                    "adapter": "star_inventory_vehicle",
                    "dealer_codes": {"DL-99482": "2f6c4a2e-6f0e-4c5e-9d4b-0f4d9d1c2b3a"},
                }
            ]
        }
    )

    name: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")
    adapter: str = "canonical"
    authentication: Literal["signature", "basic"] = "signature"
    dealer_ids: list[UUID] | None = None
    dealer_codes: dict[Code, UUID] = Field(default_factory=dict, max_length=1000)

    @field_validator("adapter")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in ADAPTERS:
            message = f"is one of {', '.join(ADAPTERS)}"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _can_be_named(self) -> "NewSource":
        if self.authentication == "basic" and ADAPTERS[self.adapter].id_header is None:
            message = f"the adapter {self.adapter} is for senders that sign; basic is for relays"
            raise ValueError(message)
        return self


class SourceChange(BaseModel):
    """What to change; what is absent stays."""

    status: Status | None = None
    dealer_ids: list[UUID] | None = None
    dealer_codes: dict[Code, UUID] | None = Field(default=None, max_length=1000)


class Rotation(BaseModel):
    """How long the secret before goes on working; 0 ends it now."""

    overlap_hours: int = Field(default=24, ge=0, le=168)


class SourceOut(BaseModel):
    """A source, without its secrets; ``url`` is where it posts, below the API's address."""

    id: str
    name: str
    adapter: str
    authentication: str
    status: str
    dealer_ids: list[UUID] | None
    dealer_codes: dict[str, UUID]
    url: str
    created_at: datetime
    previous_secret_until: datetime | None


class SourceCreated(SourceOut):
    """A source with its secret, which is shown this once."""

    secret: str


@router.post("", status_code=201, responses=documented(409))
async def create_source(body: NewSource, admin: Admin, gate: GateDep, sealer: SealerDep) -> SourceCreated:
    """Make a source; its secret is shown this once."""
    await check_dealers(gate, admin, body.dealer_ids)
    await _check_codes(gate, admin, body.dealer_codes)
    source_id, secret = f"src{token_hex(10)}", new_secret()
    source = Source(
        tenant_id=admin.tenant_id,
        source_id=source_id,
        status="active",
        secret=sealer.seal(shown(secret), row_name(admin.tenant_id, source_id)),
        created_at=datetime.now(UTC),
        dealer_codes=_as_text(body.dealer_codes),
        **body.model_dump(include={"name", "adapter", "authentication", "dealer_ids"}),
    )
    async with gate.work.begin(admin.tenant_id) as tx:
        try:
            await sources.add(tx.connection, source)
        except asyncpg.UniqueViolationError as error:
            message = f"A source named {body.name!r} exists already: give this one another name."
            raise ProblemError(HTTPStatus.CONFLICT, message) from error
        await _audit(tx, admin, "dms_source.created", source_id, body.model_dump(mode="json"))
    return SourceCreated(secret=shown(secret), **_out(source).model_dump())


@router.get("")
async def list_sources(admin: Admin, gate: GateDep) -> dict[str, Any]:
    """List sources, without their secrets."""
    async with gate.work.begin(admin.tenant_id) as tx:
        found = await sources.every(tx.connection)
    return {"items": [_out(each) for each in found if within(admin, each.dealer_ids)], "next_cursor": None}


@router.patch("/{source_id}")
async def change_source(source_id: str, body: SourceChange, admin: Admin, gate: GateDep) -> SourceOut:
    """Disable or enable a source, or say anew which rooftops it speaks for."""
    given = body.model_dump(exclude_unset=True)
    if "dealer_ids" in given:
        await check_dealers(gate, admin, body.dealer_ids)
    await _check_codes(gate, admin, body.dealer_codes or {})
    async with gate.work.begin(admin.tenant_id) as tx:
        found = await _locked(tx, admin, source_id)
        changed = replace(
            found,
            status=body.status or found.status,
            dealer_ids=body.dealer_ids if "dealer_ids" in given else found.dealer_ids,
            dealer_codes=found.dealer_codes if body.dealer_codes is None else _as_text(body.dealer_codes),
        )
        await sources.change(
            tx.connection,
            source_id,
            status=changed.status,
            dealer_ids=changed.dealer_ids,
            dealer_codes=changed.dealer_codes,
        )
        await _audit(tx, admin, "dms_source.changed", source_id, body.model_dump(mode="json", exclude_unset=True))
    return _out(changed)


@router.post("/{source_id}/rotate-secret")
async def rotate_secret(
    source_id: str, admin: Admin, gate: GateDep, sealer: SealerDep, body: Rotation | None = None
) -> SourceCreated:
    """Give a source a new secret, shown this once; the one before works on for a while."""
    overlap = (body or Rotation()).overlap_hours
    secret = new_secret()
    until = datetime.now(UTC) + timedelta(hours=overlap)
    async with gate.work.begin(admin.tenant_id) as tx:
        found = await _locked(tx, admin, source_id)
        sealed = sealer.seal(shown(secret), row_name(admin.tenant_id, source_id))
        await sources.rotate(tx.connection, source_id, sealed, until)
        await _audit(tx, admin, "dms_source.secret_rotated", source_id, {"overlap_hours": overlap})
    return SourceCreated(secret=shown(secret), **_out(replace(found, previous_until=until)).model_dump())


@router.delete("/{source_id}", status_code=204)
async def delete_source(source_id: str, admin: Admin, gate: GateDep) -> None:
    """Delete a source with its secrets; what it sent stays."""
    async with gate.work.begin(admin.tenant_id) as tx:
        await _locked(tx, admin, source_id)
        await sources.remove(tx.connection, source_id)
        await _audit(tx, admin, "dms_source.deleted", source_id, {})


@router.get("/{source_id}/deliveries")
async def list_deliveries(
    source_id: str, admin: Admin, gate: GateDep, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> dict[str, Any]:
    """List what a source delivered in the last 30 days and was answered, newest first."""
    async with gate.work.begin(admin.tenant_id) as tx:
        _require(admin, await sources.one(tx.connection, source_id), source_id)
        return {"items": await sources.deliveries(tx.connection, source_id, limit), "next_cursor": None}


async def _locked(tx: Transaction, admin: Principal, source_id: str) -> Source:
    return _require(admin, await sources.one(tx.connection, source_id, for_update=True), source_id)


def _require(admin: Principal, source: Source | None, source_id: str) -> Source:
    """Give a source that speaks for the admin's own rooftops alone; any other is not there for them."""
    if source is None or not within(admin, source.dealer_ids):
        raise not_found("source", source_id)
    return source


async def _check_codes(gate: Gate, admin: Principal, dealer_codes: dict[str, UUID]) -> None:
    for dealer_id in dealer_codes.values():
        await gate.dealer(admin, dealer_id)


async def _audit(tx: Transaction, admin: Principal, action: str, subject: str, details: dict[str, Any]) -> None:
    await accounts.write_audit(tx.connection, admin.tenant_id, admin.actor, action, subject, details)


def _as_text(codes: dict[str, UUID]) -> dict[str, str]:
    return {code: str(dealer_id) for code, dealer_id in codes.items()}


def _out(source: Source) -> SourceOut:
    return SourceOut(
        id=source.source_id,
        name=source.name,
        adapter=source.adapter,
        authentication=source.authentication,
        status=source.status,
        dealer_ids=source.dealer_ids,
        dealer_codes={code: UUID(dealer_id) for code, dealer_id in source.dealer_codes.items()},
        url=f"/api/v1/dms/webhooks/{source.source_id}",
        created_at=source.created_at,
        previous_secret_until=source.previous_until,
    )
