"""What came of advice, and what was learned from it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.gateway.api.cursor import PageOut, page
from services.gateway.api.principal import Gate, GateDep, Person, Principal
from services.gateway.api.problems import PROBLEM_RESPONSES
from services.gateway.api.recommendations import load_advice
from services.gateway.domain.uplift import uplift
from services.gateway.store.figures import answered_counts, outcome_documents
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
    """Sum value realised against value expected, per action, and against the advice that was held out, if any."""
    scope = await gate.scope(person, dealer_id)
    async with gate.work.begin(person.tenant_id) as tx:
        documents = await outcome_documents(tx.connection, scope)
        answers = await answered_counts(tx.connection, scope)
    actions: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for document in documents:
        if document["kind"] != "reversed":
            actions[document["action"]].append(document)
    compared = uplift(documents)
    return {
        "answers": answers,
        "actions": {name: _sums(rows) for name, rows in sorted(actions.items())},
        "uplift": asdict(compared),
        "observational": True,
        "note": compared.statement,
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


def _sums(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up what was shown; what was held out is not the advice's doing."""
    shown = [row for row in rows if not row.get("held_out")]
    judged = [row for row in shown if row.get("realised_value") is not None]
    return {
        "outcomes": len(shown),
        "held_out": len(rows) - len(shown),
        "judged": len(judged),
        "expected_value": str(sum((Decimal(row["expected_value"]) for row in judged), Decimal(0))),
        "realised_value": str(sum((Decimal(row["realised_value"]) for row in judged), Decimal(0))),
    }
