"""Vehicles and stock figures."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.gateway.api.cursor import PageOut, page
from services.gateway.api.principal import GateDep, Person
from services.gateway.api.problems import PROBLEM_RESPONSES
from services.gateway.domain.market_position import market_position
from services.gateway.domain.stock import WINDOW_DAYS, figures, holding_rates, target_days_supply
from services.gateway.store import policies
from services.gateway.store.figures import stock_rows, unit_markets
from services.gateway.store.listings import VEHICLES
from shared.events import Availability, InventoryUpdated

router = APIRouter(prefix="/inventory", tags=["inventory"], responses=PROBLEM_RESPONSES)
Limit = Annotated[int, Query(ge=1, le=500)]
Days = Annotated[int | None, Query(ge=0, le=10_000)]
Price = Annotated[Decimal | None, Query(ge=0, max_digits=14, decimal_places=2)]
_NOT_KNOWN = dict.fromkeys(InventoryUpdated.model_fields)
"""The read model keeps what is known of a vehicle; what is not is shown as null."""


class Summary(BaseModel):
    """Stock figures of one rooftop: all together, and by condition."""

    dealer_id: UUID
    dealer: str
    currency: str
    all: dict[str, Any]
    used: dict[str, Any]
    new: dict[str, Any]


async def vehicle_filters(
    person: Person,
    gate: GateDep,
    *,
    dealer_id: UUID | None = None,
    vehicle_key: str | None = None,
    status: Literal["on_order", "in_stock", "sold", "wholesaled", "departed"] | None = "in_stock",
    condition: Literal["new", "used", "certified", "demo"] | None = None,
    availability: Availability | None = None,
    make: str | None = None,
    model: str | None = None,
    segment: str | None = None,
    min_days: Days = None,
    max_days: Days = None,
    min_price: Price = None,
    max_price: Price = None,
) -> dict[str, object]:
    """Gather what vehicles are narrowed by; days count in the group, transfers included."""
    return {
        "dealer_ids": await gate.scope(person, dealer_id),
        "vehicle_key": vehicle_key,
        "status": status,
        "condition": condition,
        "availability": availability,
        "make": make,
        "model": model,
        "segment": segment,
        "min_days": min_days,
        "max_days": max_days,
        "min_price": min_price,
        "max_price": max_price,
    }


@router.get("")
async def list_vehicles(
    person: Person,
    gate: GateDep,
    filters: Annotated[dict[str, object], Depends(vehicle_filters)],
    sort: str = "-days",
    limit: Limit = 100,
    cursor: str | None = None,
) -> PageOut:
    """List vehicles, each with its place in the market; ``min_days`` counts days in the group, transfers included.

    A market that is ``stale``, seen over 60 days ago, is not priced by.
    """
    found, after = await page(gate, person, VEHICLES, filters=filters, sort=sort, cursor=cursor, limit=limit)
    async with gate.work.begin(person.tenant_id) as tx:
        markets = await unit_markets(tx.connection, [row["document"]["vehicle_key"] for row in found.rows])
    today = datetime.now(UTC).date()
    return PageOut(items=[shown_vehicle(row, markets, today) for row in found.rows], next_cursor=after)


def shown_vehicle(row: Mapping[str, Any], markets: Mapping[str, Mapping[str, Any]], today: date) -> dict[str, Any]:
    """Give a vehicle as it is shown: its document, its days, its place in the market as of a day."""
    vehicle = {**_NOT_KNOWN, **row["document"]}
    if vehicle["status"] not in {"in_stock", "on_order"}:
        return {**vehicle, "days": None, "group_days": None, "market": None}
    market = markets.get(vehicle["vehicle_key"])
    placed = None if market is None else asdict(market_position(vehicle, market, today))
    return {**vehicle, "days": row["days"], "group_days": row["group_days"], "market": placed}


@router.get("/summary")
async def summarise(person: Person, gate: GateDep, dealer_id: UUID | None = None) -> list[Summary]:
    """Give units, value, ageing (store and group), days' supply, turn and holding cost per rooftop."""
    scope = await gate.scope(person, dealer_id)
    dealers = await gate.dealers(person.tenant_id)
    oldest = datetime.now(UTC).date() - timedelta(days=WINDOW_DAYS + 2)
    async with gate.work.begin(person.tenant_id) as tx:
        rows = await stock_rows(tx.connection, scope, oldest)
        default = await policies.newest(tx.connection, policies.TENANT_DEFAULT)
        own = {each.dealer_id: each.rules for each in await policies.overrides(tx.connection)}
    summaries = []
    for dealer in dealers.values():
        if scope is not None and dealer.dealer_id not in scope:
            continue
        as_of = datetime.now(UTC).astimezone(ZoneInfo(dealer.timezone)).date()
        rates = holding_rates({**(default.rules if default else {}), **own.get(dealer.dealer_id, {})})
        mine = [row for row in rows if row["dealer_id"] == dealer.dealer_id]
        parts = {
            name: asdict(figures(mine, as_of, condition, rates))
            for name, condition in (("all", None), ("used", "used"), ("new", "new"))
        }
        for condition in ("used", "new"):
            parts[condition]["target_days_supply"] = target_days_supply(condition)
        summaries.append(Summary(dealer_id=dealer.dealer_id, dealer=dealer.name, currency=dealer.currency, **parts))
    return summaries
