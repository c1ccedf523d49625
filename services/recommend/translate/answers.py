"""Between dealers' answers as stored or published and recommend's own."""

import json
from datetime import datetime
from uuid import UUID

from services.recommend.domain import DONE, Action, Answer
from shared.events import Decision, PastAnswer


def answer_of(text: str) -> Answer:
    """Read an answered call, as ``store.answered_since`` gives it; an answer's quantity goes before the advice's."""
    call = json.loads(text)
    told = call["answer"]
    subject = call["vehicle_key"] or call["segment"]
    agreed = told.get("quantity")
    return Answer(
        recommendation_id=call["recommendation_id"],
        identity=(call["dealer_id"], Action(call["action"]), subject, call["destination_dealer_id"] or ""),
        decision=told["decision"],
        reason=told.get("reason"),
        value=float(call["value"]),
        answered_at=datetime.fromisoformat(call["answered_at"]),
        declined=told["decision"] == Decision.DECLINED,
        done=(call["closed_because"] or "").startswith(DONE),
        label=call["label"],
        quantity=call["quantity"] if agreed is None else agreed,
        inbound=call["inbound"] or 0,
        arrived=call["arrived"],
    )


def past_answer(answer: Answer | None) -> PastAnswer | None:
    """Tell with fresh advice what was answered to the same call last."""
    if answer is None:
        return None
    return PastAnswer(
        recommendation_id=UUID(answer.recommendation_id),
        decision=Decision(answer.decision),
        reason=answer.reason,
        answered_at=answer.answered_at,
    )
