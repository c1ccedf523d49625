"""What came of advice, and what was learned from it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.gateway.api.cursor import PageOut, page
from services.gateway.api.principal import Gate, GateDep, Person, Principal
from services.gateway.api.problems import PROBLEM_RESPONSES
from services.gateway.api.recommendations import load_advice
from services.gateway.domain.uplift import SHELF_DAYS, UNIT_DAYS, statement, uplift
from services.gateway.store.figures import answered_counts, observed_arms, outcome_sums
from services.gateway.store.listings import OUTCOMES, POLICIES
from services.gateway.store.pages import read_page
from shared.events import Action, OutcomeKind

router = APIRouter(tags=["feedback"], responses=PROBLEM_RESPONSES)
_ANY_ORDER = [("recorded_at", True)]
Limit = Annotated[int, Query(ge=1, le=500)]


async def outcome_filters(
    person: Person,
    gate: GateDep,
    *,
    dealer_id: UUID | None = None,
    recommendation_id: UUID | None = None,
    action: Action | None = None,
    kind: OutcomeKind | None = None,
) -> dict[str, object]:
    """Gather what outcomes are narrowed by."""
    return {
        "dealer_ids": await gate.scope(person, dealer_id),
        "recommendation_id": recommendation_id,
        "action": action,
        "kind": kind,
    }


@router.get("/feedback")
async def list_outcomes(
    person: Person,
    gate: GateDep,
    filters: Annotated[dict[str, object], Depends(outcome_filters)],
    sort: str = "-recorded_at",
    limit: Limit = 100,
    cursor: str | None = None,
) -> PageOut:
    """List outcomes, newest first."""
    await check_advice(gate, person, filters)
    found, after = await page(gate, person, OUTCOMES, filters=filters, sort=sort, cursor=cursor, limit=limit)
    return PageOut(items=[row["document"] for row in found.rows], next_cursor=after)


async def check_advice(gate: Gate, person: Principal, filters: Mapping[str, object]) -> None:
    """Check that the advice whose outcomes are asked for is there; raises 404.

    Outcomes that came are answer enough: they may be here before the advice, or outlive it.
    """
    wanted = filters["recommendation_id"]
    if not isinstance(wanted, UUID):
        return
    async with gate.work.begin(person.tenant_id) as tx:
        found = await read_page(tx.connection, OUTCOMES, filters=filters, order=_ANY_ORDER, after=None, limit=1)
    if not found.rows:
        await load_advice(gate, person, wanted)


@router.get("/feedback/summary")
async def summarise_outcomes(person: Person, gate: GateDep, dealer_id: UUID | None = None) -> dict[str, Any]:
    """Sum value realised against value expected per action, and measure shown advice against what was held out."""
    scope = await gate.scope(person, dealer_id)
    async with gate.work.begin(person.tenant_id) as tx:
        sums = await outcome_sums(tx.connection, scope)
        arms = await observed_arms(tx.connection, scope)
        answers = await answered_counts(tx.connection, scope)
    units, purchases = (uplift((arm for each, arm in arms if each == days), days) for days in (UNIT_DAYS, SHELF_DAYS))
    return {
        "answers": answers,
        "actions": {row.pop("action"): _figures(row) for row in sums},
        "uplift": {"units": asdict(units), "purchases": asdict(purchases)},
        "observational": units.difference is None and purchases.difference is None,
        "note": statement(units, purchases),
    }


@router.get("/learning")
@router.get("/learning/policies")
async def list_policies(
    person: Person,
    gate: GateDep,
    *,
    dealer_id: UUID | None = None,
    sort: str = "-version",
    limit: Limit = 100,
    cursor: str | None = None,
) -> PageOut:
    """List parameter versions, each with what it was before and why it moved."""
    filters = {"dealer_ids": await gate.scope(person, dealer_id)}
    found, after = await page(gate, person, POLICIES, filters=filters, sort=sort, cursor=cursor, limit=limit)
    return PageOut(items=[row["document"] for row in found.rows], next_cursor=after)


def _figures(row: dict[str, Any]) -> dict[str, Any]:
    """Write amounts as the API writes them, and what confidence claimed beside how often calls proved right."""
    claimed, calls = row["claimed"], row["calls"]
    return {
        **row,
        "expected_value": str(row["expected_value"]),
        "realised_value": str(row["realised_value"]),
        "claimed": None if claimed is None else round(claimed, 3),
        "right_share": round(row["right"] / calls, 3) if calls else None,
    }
