"""Dealer groups."""

from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.gateway.api.principal import Admin, GateDep
from services.gateway.api.problems import ProblemError
from services.gateway.store import accounts

router = APIRouter()


class NewTenant(BaseModel):
    """A dealer group."""

    name: str = Field(min_length=1, max_length=200)


class TenantOut(NewTenant):
    """A dealer group, with its id."""

    id: UUID


@router.post("/tenants", status_code=201)
async def create_tenant(body: NewTenant, admin: Admin, gate: GateDep) -> TenantOut:
    """Create a dealer group; for the admin of the installation."""
    if not admin.platform:
        raise ProblemError(HTTPStatus.FORBIDDEN, "Only the admin of the installation may create tenants.")
    tenant_id = uuid4()
    async with gate.work.begin(tenant_id, admin.tenant_id) as tx:
        await accounts.add_tenant(tx.connection, tenant_id, body.name)
        await accounts.write_audit(
            tx.connection, admin.tenant_id, admin.actor, "tenant.created", str(tenant_id), body.model_dump()
        )
    return TenantOut(id=tenant_id, name=body.name)


@router.get("/tenants")
async def list_tenants(admin: Admin, gate: GateDep) -> dict[str, Any]:
    """List the tenants one belongs to."""
    async with gate.work.begin(admin.tenant_id) as tx:
        return {"items": await accounts.tenants(tx.connection), "next_cursor": None}
