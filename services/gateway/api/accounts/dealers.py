"""Rooftops."""

import re
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID, uuid4
from zoneinfo import available_timezones

import asyncpg
from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.gateway.api.accounts.granting import require_whole_group
from services.gateway.api.principal import Admin, GateDep, Person
from services.gateway.api.problems import ProblemError, documented, not_found
from services.gateway.store import accounts
from services.gateway.store.accounts import Dealer

router = APIRouter()
_CURRENCY = re.compile(r"^[A-Z]{3}$")


def _three_letters(value: str) -> str:
    if not _CURRENCY.match(value):
        message = "must be three capital letters (ISO 4217), such as USD"
        raise ValueError(message)
    return value


def _known_zone(value: str) -> str:
    if value not in available_timezones():
        message = "must be an IANA time zone, such as America/Detroit"
        raise ValueError(message)
    return value


_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Currency = Annotated[str, AfterValidator(_three_letters), Field(description="ISO 4217, such as USD")]
_Region = Annotated[str, Field(min_length=1, max_length=40)]
_Zone = Annotated[str, AfterValidator(_known_zone)]


class NewDealer(BaseModel):
    """A rooftop; ``region`` is what it shares a market with, such as ``US-MI``."""

    model_config = ConfigDict(
        extra="forbid",  # a misspelt time zone would be UTC for ever
        json_schema_extra={
            "examples": [
                {
                    "name": "Northside Toyota",
                    "currency": "USD",
                    "region": "US-MI",
                    "timezone": "America/Detroit",
                }
            ]
        },
    )

    name: _Name
    currency: _Currency
    region: _Region
    timezone: _Zone = "UTC"


class DealerChange(BaseModel):
    """What is to be another of a rooftop; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"timezone": "America/Detroit"}]})

    name: _Name | None = None
    currency: _Currency | None = None
    region: _Region | None = None
    timezone: _Zone | None = None


class DealerOut(NewDealer):
    """A rooftop, with its id."""

    model_config = ConfigDict(extra="ignore")

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
    return _shown(dealer)


@router.patch("/dealers/{dealer_id}", responses=documented(409))
async def change_dealer(dealer_id: UUID, body: DealerChange, admin: Admin, gate: GateDep) -> DealerOut:
    """Change a rooftop, for what is reported from now on.

    Its currency and its region only before any vehicle of it is known: amounts are kept in the currency that they
    came in, and its vehicles stand in the market that they came to.
    """
    require_whole_group(admin)
    changes = body.model_dump(exclude_none=True)
    async with gate.work.begin(admin.tenant_id) as tx:
        known = await accounts.lock_dealer(tx.connection, dealer_id)
        if known is None:
            raise not_found("dealer", dealer_id)
        wanted = replace(known, **changes)
        if wanted == known:
            return _shown(known)
        settled = [name for name in ("currency", "region") if getattr(wanted, name) != getattr(known, name)]
        if settled and await accounts.has_vehicles(tx.connection, dealer_id):
            message = (
                f"{known.name} has vehicles, whose amounts are in {known.currency} and whose market is"
                f" {known.region}: {' and '.join(settled)} cannot be changed any more."
            )
            raise ProblemError(HTTPStatus.CONFLICT, message)
        try:
            await accounts.change_dealer(tx.connection, wanted)
        except asyncpg.UniqueViolationError as error:
            message = f"A dealer named {wanted.name!r} exists already: give this one another name."
            raise ProblemError(HTTPStatus.CONFLICT, message) from error
        before = {name: getattr(known, name) for name in changes}
        await accounts.write_audit(
            tx.connection, admin.tenant_id, admin.actor, "dealer.changed", str(dealer_id),
            {"before": before, "after": changes},
        )  # fmt: skip
    gate.forget_dealers(admin.tenant_id)
    return _shown(wanted)


@router.get("/dealers")
async def list_dealers(person: Person, gate: GateDep) -> dict[str, Any]:
    """List the rooftops in scope."""
    found = await gate.dealers(person.tenant_id)
    scope = person.scope(None)
    items = [_shown(dealer) for dealer in found.values() if scope is None or dealer.dealer_id in scope]
    return {"items": items, "next_cursor": None}


@router.get("/dealers/{dealer_id}")
async def read_dealer(dealer_id: UUID, person: Person, gate: GateDep) -> DealerOut:
    """Read one rooftop in scope."""
    return _shown(await gate.dealer(person, dealer_id))


def _shown(dealer: Dealer) -> DealerOut:
    return DealerOut(
        id=dealer.dealer_id,
        name=dealer.name,
        currency=dealer.currency,
        region=dealer.region,
        timezone=dealer.timezone,
    )
