"""Between the published language, stored documents and feedback's own terms."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.feedback import domain
from services.feedback.domain import (
    Action,
    Advice,
    Answer,
    Decision,
    Ending,
    Happening,
    Kind,
    Outcome,
    Parameters,
    PriceMove,
    Status,
    Transfer,
)
from shared import events
from shared.events import DmsEventKind, DmsEventReceived, OutcomeRecorded, deterministic_id, segment_key

_ENDINGS = {
    "vehicle.sold": Kind.SOLD,
    "vehicle.wholesaled": Kind.WHOLESALED,
    "vehicle.departed": Kind.DEPARTED,
}
_REMEMBERED = {
    DmsEventKind.STOCKED,
    DmsEventKind.ORDER_RECEIVED,
    DmsEventKind.UPDATED,
    DmsEventKind.PRICED,
    DmsEventKind.TRANSFERRED,
    DmsEventKind.SOLD,
    DmsEventKind.SALE_UNWOUND,
    DmsEventKind.WHOLESALED,
    DmsEventKind.DEPARTED,
}


def happening_row(event: DmsEventReceived) -> dict[str, Any] | None:
    """Give the stored row of a DMS event; None for what says nothing about advice."""
    if event.kind not in _REMEMBERED or event.vin is None:
        return None
    if event.kind is DmsEventKind.UPDATED and event.list_price is None:
        return None
    gross = event.front_gross
    if gross is None and event.sale_price is not None and event.cost is not None:
        gross = event.sale_price - event.cost - (event.recon_cost or Decimal(0))
    known = event.make is not None and event.model is not None
    sold = event.kind in {DmsEventKind.SOLD, DmsEventKind.WHOLESALED}
    stocked = event.kind in {DmsEventKind.STOCKED, DmsEventKind.ORDER_RECEIVED}
    on = (event.sale_date if sold else event.stock_date if stocked else None) or event.occurred_at.date()
    return {
        "tenant_id": event.tenant_id,
        "event_id": event.event_id,
        "dealer_id": event.dealer_id,
        "vehicle_key": event.vin,
        "segment": segment_key(event.condition, event.make or "", event.model or "") if known else None,
        "at": event.occurred_at,
        "kind": event.kind.value,
        "happened_on": on,
        "price": event.list_price,
        "gross": gross,
        "destination": event.destination_dealer_id,
    }


def advice_of(row: Mapping[str, Any], computed_with: Parameters) -> Advice:
    """Read stored advice."""
    document = row["document"]
    status = Status(row["status"])
    return Advice(
        recommendation_id=document["recommendation_id"],
        action=Action(document["action"]),
        segment=document["segment"],
        issued_at=row["issued_at"],
        expires_at=datetime.fromisoformat(document["expires_at"]),
        value=float(document["value"]),
        status=status,
        closed_at=None if status is Status.ISSUED else row["closed_at"] or row["issued_at"],
        vehicle_key=document.get("vehicle_key"),
        quantity=document.get("quantity"),
        price=_number(document.get("price")),
        current_price=_number(document.get("current_price")),
        destination=document.get("destination_dealer_id"),
        expected_gross=_number(document.get("expected_gross")),
        expected_daily_hazard=document.get("expected_daily_hazard"),
        baseline_daily_hazard=document.get("baseline_daily_hazard"),
        holding_cost_per_day=_number(document.get("holding_cost_per_day")),
        policy_version=document["policy_version"],
        computed_with=computed_with,
    )


def answer_of(document: Mapping[str, Any] | None) -> Answer | None:
    """Read a stored answer."""
    if document is None:
        return None
    return Answer(
        decision=Decision(document["decision"]),
        answered_at=datetime.fromisoformat(document["occurred_at"]),
        price=_number(document.get("price")),
        quantity=document.get("quantity"),
        reason=document.get("reason"),
    )


def happening_of(rows: Sequence[Mapping[str, Any]]) -> Happening:
    """Fold what happened to one vehicle, in order, into what is known of it today."""
    known = Happening()
    for row in rows:
        kind, on = row["kind"], row["happened_on"]
        if row["price"] is not None and kind in {"vehicle.priced", "vehicle.updated"}:
            move = PriceMove(on, float(row["price"]))
            known = replace(known, price_moves=(*known.price_moves, move))
        if kind in _ENDINGS:
            known = replace(known, ending=Ending(_ENDINGS[kind], on, _number(row["gross"])), unwound=None)
        elif kind == "vehicle.sale_unwound" and known.ending is not None:
            known = replace(known, ending=None, unwound=known.ending)
        elif kind == "vehicle.transferred":
            known = replace(known, transfer=Transfer(on, str(row["destination"])))
    return known


def outcome_event(
    tenant_id: UUID, dealer_id: UUID, currency: str, version: int, outcome: Outcome, now: datetime
) -> OutcomeRecorded:
    """Publish an outcome; a later version of it takes its place under the same ``outcome_id``."""
    return OutcomeRecorded(
        event_id=deterministic_id("outcome-recorded", outcome.recommendation_id, version),
        occurred_at=now,
        tenant_id=tenant_id,
        dealer_id=dealer_id,
        outcome_id=deterministic_id("outcome", outcome.recommendation_id),
        recommendation_id=UUID(outcome.recommendation_id),
        action=events.Action(outcome.action.value),
        decision=events.Decision(outcome.decision.value) if outcome.decision else None,
        segment=outcome.segment,
        vehicle_key=outcome.vehicle_key,
        kind=events.OutcomeKind(outcome.kind.value),
        days=outcome.days,
        currency=currency,
        expected_value=_cents(outcome.expected_value) or Decimal(0),
        realised_value=_cents(outcome.realised_value),
        expected_gross=_cents(outcome.expected_gross),
        realised_gross=_cents(outcome.realised_gross),
        hazard_exposure=outcome.hazard_exposure,
        policy_version=outcome.policy_version,
        observational=not outcome.held_out,
    )


def stored_outcome(document: Mapping[str, Any]) -> Outcome:
    """Read an outcome as it was stored."""
    return Outcome(
        **{
            **document,
            "action": domain.Action(document["action"]),
            "decision": Decision(document["decision"]) if document["decision"] else None,
            "kind": Kind(document["kind"]),
            "on": date.fromisoformat(document["on"]),
            "computed_with": Parameters(**document["computed_with"]),
            "vehicle_keys": tuple(document["vehicle_keys"]),
        }
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _cents(amount: float | None) -> Decimal | None:
    return None if amount is None else Decimal(f"{amount:.2f}")
