"""Demand per segment."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.gateway.api.cursor import PageOut, page
from services.gateway.api.principal import GateDep, Person
from services.gateway.api.problems import PROBLEM_RESPONSES
from services.gateway.store.listings import FORECASTS

router = APIRouter(prefix="/forecasts", tags=["forecasts"], responses=PROBLEM_RESPONSES)


@router.get("")
async def list_forecasts(
    person: Person,
    gate: GateDep,
    *,
    dealer_id: UUID | None = None,
    segment: str | None = None,
    strategy: str | None = None,
    sort: str = "-rate",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: str | None = None,
) -> PageOut:
    """List weekly demand: mean and quantiles for 13 weeks, the strategy that won and every one's score."""
    filters = {"dealer_ids": await gate.scope(person, dealer_id), "segment": segment, "strategy": strategy}
    found, after = await page(gate, person, FORECASTS, filters=filters, sort=sort, cursor=cursor, limit=limit)
    return PageOut(items=[row["document"] for row in found.rows], next_cursor=after)
