"""Rooftops."""

import re
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import available_timezones

import asyncpg
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.gateway.api.accounts.granting import require_whole_group
from services.gateway.api.principal import Admin, GateDep, Person
from services.gateway.api.problems import ProblemError, documented
from services.gateway.store import accounts
from services.gateway.store.accounts import Dealer

router = APIRouter()
_CURRENCY = re.compile(r"^[A-Z]{3}$")


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


@router.post("/dealers", status_code=201, responses=documented(409))
async def create_dealer(body: NewDealer, admin: Admin, gate: GateDep) -> DealerOut:
    """Add a rooftop to the group."""
    require_whole_group(admin)
    dealer = Dealer(admin.tenant_id, uuid4(), **body.model_dump())
    async with gate.work.begin(admin.tenant_id) as tx:
        try:
            await accounts.add_dealer(tx.connection, dealer)
        except asyncpg.UniqueViolationError as error:
            message = f"A dealer named {body.name!r} exists already: give this one another name."
            raise ProblemError(HTTPStatus.CONFLICT, message) from error
        await accounts.write_audit(
            tx.connection, admin.tenant_id, admin.actor, "dealer.created", str(dealer.dealer_id), body.model_dump()
        )
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
