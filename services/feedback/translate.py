"""Between the published language, stored documents and feedback's own terms."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
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
    days_watched,
    subject_of,
)
from shared import events
from shared.events import AdviceStatus, InventoryUpdated, OutcomeRecorded, RecommendationIssued, deterministic_id

_ENDINGS = {
    "sold": Kind.SOLD,
    "wholesaled": Kind.WHOLESALED,
    "departed": Kind.DEPARTED,
}
_SALES = frozenset({"sold", "wholesaled"})
_RETURN_GRACE = timedelta(days=14)
"""As inventory has it."""
_STATE = {
    "tenant_id", "vehicle_key", "dealer_id", "segment", "list_price", "priced_on", "stock_date", "group_stock_date",
    "exit_date", "front_gross",
}  # fmt: skip


def state_row(event: InventoryUpdated) -> dict[str, Any]:
    """Give the stored row of a vehicle's state."""
    told = vars(event)
    return {
        **{name: told[name] for name in _STATE},
        "version": event.aggregate_version,
        "status": event.status.value,
        "at": event.occurred_at,
    }


def watched_subject(event: RecommendationIssued) -> str | None:
    """Name what a fixed window opened by advice would watch; a segment's at this rooftop. Its end opens none."""
    if event.status is not AdviceStatus.ISSUED:
        return None
    subject = subject_of(Action(event.action.value), event.vehicle_key, event.segment, event.occurred_at.date())
    return f"{event.dealer_id} {subject}" if subject and event.vehicle_key is None else subject


def advice_of(
    document: Mapping[str, Any],
    status: Status,
    issued_at: datetime,
    closed_at: datetime | None,
    computed_with: Parameters,
) -> Advice:
    """Read stored advice."""
    return Advice(
        recommendation_id=document["recommendation_id"],
        action=Action(document["action"]),
        segment=document["segment"],
        issued_at=issued_at,
        expires_at=datetime.fromisoformat(document["expires_at"]),
        value=float(document["value"]),
        status=status,
        closed_at=None if status is Status.ISSUED else closed_at or issued_at,
        vehicle_key=document.get("vehicle_key"),
        quantity=document.get("quantity"),
        price=_number(document.get("price")),
        current_price=_number(document.get("current_price")),
        destination=document.get("destination_dealer_id"),
        expected_gross=_number(document.get("expected_gross")),
        expected_daily_hazard=document.get("expected_daily_hazard"),
        baseline_daily_hazard=document.get("baseline_daily_hazard"),
        hazard_scaled=document.get("hazard_scaled", True),
        holding_cost_per_day=_number(document.get("holding_cost_per_day")),
        upfront_cost=_number(document.get("upfront_cost")) or 0.0,
        back_gross=_number(document.get("back_gross")),
        baseline_back_gross=_number(document.get("baseline_back_gross")),
        effects=_number(document.get("effects")) or 0.0,
        lane_fee=_number(document.get("lane_fee")) or 0.0,
        baseline_net=_number(document.get("baseline_net")),
        policy_version=document["policy_version"],
        computed_with=computed_with,
        held_out=document.get("held_out", False),
        hold_out_share=document.get("hold_out_share", 0.0),
        market_price=_number(document.get("market_price")),
        confidence=document.get("confidence"),
        call_confidence=document.get("call_confidence"),
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


def states_of(text: str) -> list[dict[str, Any]]:
    """Read the states of one vehicle as the database writes them out."""
    states = json.loads(text)
    for state in states:
        state["at"] = datetime.fromisoformat(state["at"])
        for name in ("priced_on", "stock_date", "exit_date"):
            state[name] = date.fromisoformat(state[name]) if state[name] else None
    return list(states)


def stay_on(states: Sequence[Mapping[str, Any]], day: date) -> list[Mapping[str, Any]]:
    """Give the states of the stay that was under way on a day, or came next.

    A vehicle that was sold may be taken in trade and stocked again: how its later stay goes does not undo what came
    of advice on the one before. An earlier stay's end may be told after a later one began.
    """
    newest = {
        (now["dealer_id"], now["stock_date"]): _ended_on(now)  # of one stay's ends the last one told
        for n, (now, after) in enumerate(pairwise(states))
        if _is_over(now, after) and not any(_takes_back(later, now) for later in states[n + 1 :])
    }
    ends = newest.values()
    begun_after = max((end for end in ends if end < day), default=None)
    over = min((end for end in ends if end >= day), default=None)
    return [
        state
        for state in states
        if (begun_after is None or state["stock_date"] is None or _stocked_since(state, begun_after))
        and (over is None or not _stocked_since(state, over))
    ]


def happening_of(states: Sequence[Mapping[str, Any]]) -> Happening:
    """Read the states of one vehicle, in order, as what happened to it; the first tells of no move."""
    known = Happening()
    before: Mapping[str, Any] | None = None
    left: Mapping[str, Any] | None = None
    for now in states:
        if before is not None and now["list_price"] is not None and now["list_price"] != before["list_price"]:
            on = now["priced_on"] or now["at"].date()
            known = replace(known, price_moves=(*known.price_moves, PriceMove(on, float(now["list_price"]))))
        if before is not None and now["dealer_id"] != before["dealer_id"]:
            on = now["stock_date"] or now["at"].date()
            known = replace(known, transfer=Transfer(on, str(now["dealer_id"])))
        known, taken = _ended(known, now), left is not None and _takes_back(now, left)
        if taken and left is not None and known.unwound is None:  # told when it was said to be back already
            known = replace(known, unwound=_ending_of(left))
        left = now if now["status"] in _SALES else None if taken else left
        before = now
    return known


def _ended(known: Happening, now: Mapping[str, Any]) -> Happening:
    if now["status"] in _ENDINGS:
        return replace(known, ending=_ending_of(now), unwound=None)
    if known.ending is None:
        return known
    # Back in stock: a sale was undone, unless the car was stocked anew since; one that had vanished is just back.
    undone = known.ending.kind is not Kind.DEPARTED and not _stocked_since(now, known.ending.on)
    return replace(known, ending=None, unwound=known.ending if undone else None)


def _ending_of(state: Mapping[str, Any]) -> Ending:
    return Ending(_ENDINGS[state["status"]], _ended_on(state), _number(state["front_gross"]))


def _is_over(state: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Tell whether a vehicle left in a state and was stocked again since; one that had only vanished never left."""
    if state["status"] not in _ENDINGS:
        return False
    vanished = state["status"] == Kind.DEPARTED.value
    return _stocked_since(after, _ended_on(state) + (_RETURN_GRACE if vanished else timedelta(0)))


def _takes_back(later: Mapping[str, Any], left: Mapping[str, Any]) -> bool:
    """Tell whether a vehicle is in stock at a rooftop since before the day on which it is said to have left that."""
    if later["status"] != "in_stock" or later["dealer_id"] != left["dealer_id"]:
        return False
    return later["stock_date"] is not None and later["stock_date"] <= _ended_on(left)


def _ended_on(state: Mapping[str, Any]) -> date:
    on: date = state["exit_date"] or state["at"].date()
    return on


def _stocked_since(now: Mapping[str, Any], day: date) -> bool:
    return now["stock_date"] is not None and now["stock_date"] > day


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
        held_out=outcome.held_out,
        hold_out_share=outcome.hold_out_share,
        observed_value=_cents(outcome.observed_value),
        observed_days=days_watched(outcome.action) if outcome.observed_value is not None else None,
        call_confidence=outcome.call_confidence,
        bore_out=outcome.bore_out,
        confidence=outcome.confidence,
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
            "lead_days": tuple(document["lead_days"]),
        }
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _cents(amount: float | None) -> Decimal | None:
    return None if amount is None else Decimal(f"{amount:.2f}")
