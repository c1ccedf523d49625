"""From a planned purchase, or from rules that clash, to a piece of advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.recommend.domain.actions import Action
from services.recommend.domain.advice import Advice, Alternative, cents
from services.recommend.domain.book import is_new
from services.recommend.domain.telling.evidence import EvidenceSheet, Fact
from services.recommend.domain.telling.limit_evidence import in_words, room_needed, used_of
from services.recommend.domain.telling.reason import write_clash, write_reason
from services.recommend.domain.telling.stock_evidence import stock_evidence
from services.recommend.domain.telling.wording import money

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.recommend.domain.stocking.purchases import Clash, Purchase

_STALE_FORECAST_DAYS = 21


def stock_advice(
    purchase: Purchase, confidence: float, brand_sales: Mapping[tuple[str, str], int], as_of: date
) -> Advice:
    """Write the advice to order (new) or acquire (used); ``brand_sales`` by dealer and brand."""
    position, rooftop = purchase.position, purchase.position.rooftop
    evidence = stock_evidence(purchase, confidence, brand_sales, as_of)
    action = Action.ORDER if is_new(position.segment) else Action.ACQUIRE
    degraded = [*position.gross.caveats, *rooftop.clashes]
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
        confidence=confidence,
        reason=write_reason(action, evidence),
        expires_in_days=round(rooftop.parameters.advice_days),
        evidence=evidence,
        alternatives=tuple(_alternatives(purchase)),
        degraded=tuple(degraded),
        quantity=purchase.quantity,
        most_to_pay=None if purchase.most_to_pay is None else float(round(purchase.most_to_pay)),
        expected_gross=cents(position.gross.front),
        back_gross=cents(position.gross.back),
        effects=cents(purchase.effects),
        lane_fee=cents(rooftop.parameters.wholesale_fee),
        holding_cost_per_day=cents(position.holding.per_day),
    )


def clash_advice(clash: Clash, as_of: date) -> Advice:
    """Write, as a hold on a segment, which rules cannot all be kept and by how much."""
    position, rooftop = clash.position, clash.position.rooftop
    sheet = EvidenceSheet(as_of)
    sheet.add(Fact.SEGMENT, position.label, "forecast", as_of=position.demand.as_of)
    sheet.add(Fact.STORE, rooftop.name, "inventory")
    sheet.add(Fact.PRESENCE, str(position.least), f"rules, version {rooftop.rules_version}", position.least_rule)
    sheet.add(Fact.ON_HAND, str(clash.available), "inventory", "on the way and today's moves included")
    sheet.add(Fact.QUANTITY, str(clash.bought), "stocking", "what there is room for")
    sheet.add(Fact.MISSING, str(clash.missing), "stocking", f"{position.least} - {clash.available} - {clash.bought}")
    sheet.add(
        Fact.UNIT_COST, money(position.gross.cost, rooftop.currency), "sales and stock", position.gross.cost_formula
    )
    for binding in clash.bindings:
        sheet.add(Fact.LIMIT, in_words(binding.limit, rooftop.currency), f"rules, version {rooftop.rules_version}")
        sheet.add(Fact.LIMIT_USED, used_of(binding.limit, rooftop.currency), "inventory and today's moves")
        needed = room_needed(binding.limit, position, clash.missing)
        sheet.add(Fact.ROOM_NEEDED, needed, "stocking", f"{binding.limit.kind}, for {clash.missing} more")
    evidence = sheet.lines()
    against = tuple(
        f"rules clash: {position.least_rule} against {in_words(each.limit, rooftop.currency)}"
        for each in clash.bindings
    )
    return Advice(
        dealer_id=rooftop.dealer_id,
        action=Action.HOLD,
        segment=position.segment,
        label=position.label,
        currency=rooftop.currency,
        policy_version=rooftop.policy_version,
        value=0.0,
        value_per_day=0.0,
        confidence=1.0,
        reason=write_clash(evidence, position.least_rule),
        expires_in_days=round(rooftop.parameters.advice_days),
        evidence=evidence,
        degraded=(*against, *rooftop.clashes),
        quantity=0,
        clash=True,
    )


def _alternatives(purchase: Purchase) -> list[Alternative]:
    """List what else was weighed: one fewer, and none."""
    days, found = purchase.days_on_lot, []
    if purchase.quantity > 1:
        fewer = purchase.quantity - 1
        value = sum(purchase.values[:fewer])
        action = Action.ORDER if is_new(purchase.position.segment) else Action.ACQUIRE
        found.append(Alternative(action, cents(value), cents(value / fewer / days), f"one fewer: {fewer}"))
    found.append(Alternative(Action.HOLD, 0.0, 0.0, f"buy none and stay {purchase.wanted} short of target"))
    return found
