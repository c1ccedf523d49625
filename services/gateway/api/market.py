"""The market of each segment, and where stock and market differ."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.gateway.api.cursor import PageOut, page
from services.gateway.api.principal import GateDep, Person
from services.gateway.api.problems import PROBLEM_RESPONSES
from services.gateway.store.listings import MARKET

router = APIRouter(prefix="/market", tags=["market"], responses=PROBLEM_RESPONSES)
Limit = Annotated[int, Query(ge=1, le=500)]
_GAP_FIELDS = (
    "dealer_id", "segment", "label", "as_of", "window_days", "market_share", "stock_share", "sales_share", "gap",
    "gap_units", "target_units", "gap_reading", "own_stock", "own_inbound", "own_sales", "expected_own_sales",
    "sold_in_window", "active_listings", "expected_count", "suppressed",
)  # fmt: skip


async def segment_filters(
    person: Person, gate: GateDep, *, dealer_id: UUID | None = None, segment: str | None = None
) -> dict[str, object]:
    """Gather what segments are narrowed by."""
    return {"dealer_ids": await gate.scope(person, dealer_id), "segment": segment}


async def gap_filters(
    segments: Annotated[dict[str, object], Depends(segment_filters)],
    reading: Literal["understocked", "overstocked", "poor fit", "balanced"] | None = None,
    min_gap: Annotated[float | None, Query(ge=0, le=1)] = None,
) -> dict[str, object]:
    """Gather what gaps are narrowed by."""
    return {**segments, "has_gap": True, "reading": reading, "min_gap": min_gap}


@router.get("")
async def list_segments(
    person: Person,
    gate: GateDep,
    filters: Annotated[dict[str, object], Depends(segment_filters)],
    sort: str = "segment",
    limit: Limit = 100,
    cursor: str | None = None,
) -> PageOut:
    """List segment statistics: sold a day, days' supply (overall, like mine), prices, shares, trend, competitors."""
    found, after = await page(gate, person, MARKET, filters=filters, sort=sort, cursor=cursor, limit=limit)
    return PageOut(items=[_without_units(row["document"]) for row in found.rows], next_cursor=after)


def _without_units(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out the own units: each is shown with its vehicle in the inventory."""
    return {name: value for name, value in document.items() if name != "own_units"}


@router.get("/gaps")
async def list_gaps(
    person: Person,
    gate: GateDep,
    filters: Annotated[dict[str, object], Depends(gap_filters)],
    sort: str = "-gap",
    limit: Limit = 100,
    cursor: str | None = None,
) -> PageOut:
    """List the mix gap per segment, largest first; cells with an expected count under 5 are left out."""
    found, after = await page(gate, person, MARKET, filters=filters, sort=sort, cursor=cursor, limit=limit)
    items = [{name: row["document"].get(name) for name in _GAP_FIELDS} for row in found.rows]
    return PageOut(items=items, next_cursor=after)
