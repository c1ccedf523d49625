"""Between recommend's advice and the events it travels in."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from services.recommend.domain import Action, Advice, Answer, StandingAdvice
from services.recommend.translate.answers import past_answer
from shared import events
from shared.events import AdviceStatus, RecommendationIssued, deterministic_id


def issued(
    tenant_id: UUID, advice: Advice, now: datetime, supersedes: UUID | None, answered: Answer | None = None
) -> RecommendationIssued:
    """Publish fresh advice; what is held out is logged by whoever measures, and shown to nobody.

    ``answered``: what was answered last to the same call.
    """
    recommendation_id = uuid4()
    return RecommendationIssued(
        event_id=deterministic_id("recommendation-issued", recommendation_id),
        occurred_at=now,
        tenant_id=tenant_id,
        dealer_id=UUID(advice.dealer_id),
        recommendation_id=recommendation_id,
        action=events.Action(advice.action.value),
        status=AdviceStatus.ISSUED,
        supersedes=supersedes,
        answered_before=past_answer(answered),
        segment=advice.segment,
        label=advice.label,
        vehicle_key=advice.vehicle_key,
        vin=advice.vin,
        stock_number=advice.stock_number,
        quantity=advice.quantity,
        price=_money(advice.price),
        current_price=_money(advice.current_price),
        destination_dealer_id=UUID(advice.destination_dealer_id) if advice.destination_dealer_id else None,
        currency=advice.currency,
        value=_cents(advice.value),
        value_per_day=_cents(advice.value_per_day),
        confidence=round(advice.confidence, 3),
        reason=advice.reason,
        expires_at=now + timedelta(days=advice.expires_in_days),
        policy_version=advice.policy_version,
        evidence=tuple(
            events.Evidence(name=e.name, value=e.value, source=e.source, as_of=e.as_of, formula=e.formula)
            for e in advice.evidence
        ),
        alternatives=tuple(
            events.Alternative(
                action=events.Action(a.action.value),
                value=_cents(a.value),
                value_per_day=_cents(a.value_per_day),
                detail=a.detail,
            )
            for a in advice.alternatives
        ),
        degraded=advice.degraded,
        expected_daily_hazard=advice.expected_daily_hazard,
        baseline_daily_hazard=advice.baseline_daily_hazard,
        hazard_scaled=advice.hazard_scaled,
        most_to_pay=_money(advice.most_to_pay),
        expected_gross=_money(advice.expected_gross),
        call_confidence=advice.call_confidence,
        back_gross=_money(advice.back_gross),
        baseline_back_gross=_money(advice.baseline_back_gross),
        effects=_money(advice.effects),
        lane_fee=_money(advice.lane_fee),
        baseline_net=_money(advice.baseline_net),
        holding_cost_per_day=_money(advice.holding_cost_per_day),
        upfront_cost=_money(advice.upfront_cost),
        market_price=_money(advice.market_price),
        held_out=advice.held_out,
        hold_out_share=advice.hold_out_share,
    )


def closed(event: Mapping[str, Any], status: AdviceStatus, because: str, now: datetime) -> RecommendationIssued:
    """Publish the end of advice."""
    standing = RecommendationIssued.model_validate(event)
    return standing.model_copy(
        update={
            "event_id": deterministic_id("recommendation-closed", standing.recommendation_id),
            "occurred_at": now,
            "status": status,
            "closed_because": because,
            "evidence": (),
            "alternatives": (),
            "similar": (),
        }
    )


def standing_of(event: Mapping[str, Any]) -> StandingAdvice:
    """Read advice that stands."""
    return StandingAdvice(
        recommendation_id=event["recommendation_id"],
        dealer_id=event["dealer_id"],
        action=Action(event["action"]),
        segment=event["segment"],
        value=float(event["value"]),
        expires_at=datetime.fromisoformat(event["expires_at"]).astimezone(UTC),
        vehicle_key=event.get("vehicle_key"),
        destination_dealer_id=event.get("destination_dealer_id"),
        price=float(event["price"]) if event.get("price") is not None else None,
        most_to_pay=float(event["most_to_pay"]) if event.get("most_to_pay") is not None else None,
        quantity=event.get("quantity"),
    )


def _money(amount: float | None) -> Decimal | None:
    return None if amount is None else _cents(amount)


def _cents(amount: float) -> Decimal:
    return Decimal(f"{amount:.2f}")
