"""Dealer groups."""

from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.gateway.api.principal import Admin, GateDep
from services.gateway.api.problems import ProblemError, documented
from services.gateway.bootstrap import first_admin
from services.gateway.store import accounts

router = APIRouter()


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
