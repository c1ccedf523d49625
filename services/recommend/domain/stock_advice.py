"""From a planned purchase to a piece of advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.recommend.domain.actions import Action
from services.recommend.domain.advice import Advice, Alternative, cents
from services.recommend.domain.book import is_new
from services.recommend.domain.reason import write_reason
from services.recommend.domain.stock_evidence import stock_evidence

if TYPE_CHECKING:
    from datetime import date

    from services.recommend.domain.stocking import Purchase

_STALE_FORECAST_DAYS = 21


def stock_advice(purchase: Purchase, confidence: float, as_of: date) -> Advice:
    """Write the advice to order (new) or acquire (used)."""
    position, rooftop = purchase.position, purchase.position.rooftop
    evidence = stock_evidence(purchase, as_of)
    action = Action.ORDER if is_new(position.segment) else Action.ACQUIRE
    degraded = list(position.gross.caveats)
    old = (as_of - position.demand.as_of).days
    if old > _STALE_FORECAST_DAYS:
        degraded.append(f"the forecast is {old} days old")
    return Advice(
        dealer_id=rooftop.dealer_id,
        action=action,
        segment=position.segment,
        label=position.label,
        currency=rooftop.currency,
        policy_version=rooftop.policy_version,
        value=cents(purchase.value),
        value_per_day=cents(purchase.value / purchase.quantity / purchase.days_on_lot),
        confidence=round(confidence, 3),
        reason=write_reason(action, evidence),
        expires_in_days=round(rooftop.parameters.advice_days),
        evidence=evidence,
        alternatives=(Alternative(Action.HOLD, 0.0, 0.0, f"buy none and stay {purchase.wanted} short of target"),),
        degraded=tuple(degraded),
        quantity=purchase.quantity,
        expected_gross=cents(position.gross.front),
        holding_cost_per_day=cents(position.holding.per_day),
    )
