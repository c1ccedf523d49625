"""Advice, ranked, and the dealer's answer to it."""

from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.gateway.api.cursor import PageOut, page
from services.gateway.api.principal import Decider, Gate, GateDep, Person, Principal
from services.gateway.api.problems import PROBLEM_RESPONSES, ProblemError, documented, not_found
from services.gateway.store import accounts
from services.gateway.store.listings import RECOMMENDATION_DETAILS, RECOMMENDATIONS
from services.gateway.store.pages import read_page
from shared.events import Decision, RecommendationAnswered, new_event_id

router = APIRouter(prefix="/recommendations", tags=["recommendations"], responses=PROBLEM_RESPONSES)
ActionName = Literal["order", "acquire", "transfer", "reprice", "hold", "wholesale"]


class Answer(BaseModel):
    """What was decided about a piece of advice."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"decision": "modified", "price": "18490.00", "reason": "new tyres"}]}
    )

    decision: Decision
    reason: str | None = Field(default=None, max_length=500)
    quantity: int | None = Field(default=None, ge=0, le=10_000)
    price: Decimal | None = Field(default=None, ge=0, max_digits=14, decimal_places=2)

    @model_validator(mode="after")
    def _says_how(self) -> "Answer":
        if self.decision is Decision.MODIFIED and self.quantity is None and self.price is None:
            message = "a modified answer names the quantity or the price that was chosen instead"
            raise ValueError(message)
        return self


async def advice_filters(
    person: Person,
    gate: GateDep,
    *,
    dealer_id: UUID | None = None,
    action: ActionName | None = None,
    status: Literal["issued", "superseded", "withdrawn", "expired"] | None = "issued",
    vehicle_key: str | None = None,
    segment: str | None = None,
    min_value: Annotated[Decimal | None, Query(max_digits=14, decimal_places=2)] = None,
    min_confidence: Annotated[float | None, Query(ge=0, le=1)] = None,
    answered: bool | None = None,
) -> dict[str, object]:
    """Gather what advice is narrowed by."""
    return {
        "dealer_ids": await gate.scope(person, dealer_id),
        "action": action,
        "status": status,
        "vehicle_key": vehicle_key,
        "segment": segment,
        "min_value": min_value,
        "min_confidence": min_confidence,
        "answered": answered,
    }


@router.get("")
async def list_recommendations(
    person: Person,
    gate: GateDep,
    filters: Annotated[dict[str, object], Depends(advice_filters)],
    sort: str = "-value",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: str | None = None,
) -> PageOut:
    """List advice, the most valuable first."""
    found, after = await page(gate, person, RECOMMENDATIONS, filters=filters, sort=sort, cursor=cursor, limit=limit)
    dealers = await gate.dealers(person.tenant_id)
    items = [shown_advice(row, dealers) for row in found.rows]
    return PageOut(items=items, next_cursor=after)


@router.get("/{recommendation_id}")
async def read_recommendation(recommendation_id: UUID, person: Person, gate: GateDep) -> dict[str, Any]:
    """Read one piece of advice with its evidence, the alternatives weighed, and similar past cases."""
    row = await load_advice(gate, person, recommendation_id)
    return shown_advice(row, await gate.dealers(person.tenant_id))


@router.post("/{recommendation_id}/response", responses=documented(409))
async def answer(recommendation_id: UUID, body: Answer, person: Decider, gate: GateDep) -> dict[str, Any]:
    """Record what was decided; a later answer replaces an earlier one."""
    row = await load_advice(gate, person, recommendation_id)
    document = row["document"]
    if document["status"] != "issued":
        message = f"This advice is {document['status']}: only advice that stands can be answered."
        raise ProblemError(HTTPStatus.CONFLICT, message)
    assert person.user_id is not None  # noqa: S101  # only people reach this route
    event = RecommendationAnswered(
        event_id=new_event_id(),
        occurred_at=datetime.now(UTC),
        tenant_id=person.tenant_id,
        dealer_id=UUID(document["dealer_id"]),
        recommendation_id=recommendation_id,
        user_id=person.user_id,
        **body.model_dump(),
    )
    async with gate.work.begin(person.tenant_id) as tx:
        tx.emit(event)
        await accounts.write_audit(
            tx.connection, person.tenant_id, person.actor, "recommendation.answered", str(recommendation_id),
            body.model_dump(mode="json", exclude_none=True),
        )  # fmt: skip
    return {"recommendation_id": recommendation_id, **body.model_dump(mode="json", exclude_none=True)}


async def load_advice(gate: Gate, person: Principal, recommendation_id: UUID) -> dict[str, Any]:
    """Read one piece of advice with all its columns; raises 404 for what is not in scope."""
    async with gate.work.begin(person.tenant_id) as tx:
        found = await read_page(
            tx.connection,
            RECOMMENDATION_DETAILS,
            filters={"id": recommendation_id, "dealer_ids": person.scope(None)},
            order=[("value", True)],
            after=None,
            limit=1,
        )
    if not found.rows:
        raise not_found("recommendation", recommendation_id)
    return found.rows[0]


def shown_advice(row: dict[str, Any], dealers: dict[UUID, Any]) -> dict[str, Any]:
    """Give a piece of advice as it is shown: rooftops named, with its answer."""
    document = dict(row["document"])
    document["id"] = document.pop("recommendation_id")
    document["issued_at"] = document.pop("occurred_at")
    for field in ("dealer_id", "destination_dealer_id"):
        dealer = dealers.get(UUID(document[field])) if document.get(field) else None
        document[field.replace("_id", "_name")] = dealer.name if dealer else None
    document["answer"] = row["answer"]
    return document
