"""From a unit's case to a piece of advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.recommend.domain.actions import Action
from services.recommend.domain.advice import Advice, Alternative, cents
from services.recommend.domain.telling.reason import write_reason
from services.recommend.domain.telling.unit_evidence import unit_evidence, vehicle_name
from services.recommend.domain.telling.wording import money

if TYPE_CHECKING:
    from services.recommend.domain.stocking.position import Position
    from services.recommend.domain.units.cases import UnitCase
    from services.recommend.domain.units.courses import Course


def unit_advice(case: UnitCase, confidence: float, receiving: Position | None) -> Advice:
    """Write a unit's advice; ``receiving`` is the destination's position where it is transferred."""
    chosen, here = case.chosen, case.baseline.appraisal
    unit, rooftop = here.unit, here.rooftop
    evidence = unit_evidence(case, confidence, receiving)
    leaving = chosen.action is Action.WHOLESALE
    price = None if chosen.action in (Action.HOLD, Action.WHOLESALE) else chosen.price
    sold_at = chosen.price or here.price
    gross = None if leaving else chosen.appraisal.front_gross(sold_at)
    if leaving and unit.total_cost is not None:
        # As it will be reported: what the lane pays, before its fee.
        gross = chosen.net + rooftop.parameters.wholesale_fee - unit.total_cost
    return Advice(
        dealer_id=rooftop.dealer_id,
        action=chosen.action,
        segment=unit.segment,
        label=vehicle_name(here),
        currency=rooftop.currency,
        policy_version=rooftop.policy_version,
        value=cents(case.value),
        value_per_day=cents(_per_day(case.value, chosen, case.baseline)),
        confidence=confidence,
        reason=write_reason(chosen.action, evidence),
        expires_in_days=round(rooftop.parameters.advice_days),
        evidence=evidence,
        alternatives=_alternatives(case),
        degraded=_degraded(case),
        vehicle_key=unit.vehicle_key,
        vin=unit.vin,
        stock_number=unit.stock_number,
        price=price,
        current_price=unit.list_price,
        destination_dealer_id=chosen.appraisal.rooftop.dealer_id if chosen.action is Action.TRANSFER else None,
        expected_daily_hazard=chosen.daily_hazard,
        baseline_daily_hazard=case.baseline.daily_hazard,
        hazard_scaled=here.setting.attracted is None,
        expected_gross=None if gross is None else cents(gross),
        back_gross=cents(chosen.appraisal.back_gross),
        baseline_back_gross=cents(here.back_gross) if chosen.action is Action.TRANSFER else None,
        effects=cents(chosen.effects.total - case.yardstick.effects.total),
        lane_fee=cents(rooftop.parameters.wholesale_fee),
        baseline_net=None if unit.total_cost is None else cents(case.yardstick.net - unit.total_cost),
        holding_cost_per_day=cents(chosen.appraisal.holding.per_day),
        upfront_cost=_upfront_cost(chosen),
        market_price=cents(here.market_price.amount) if here.comparable else None,
    )


def _upfront_cost(chosen: Course) -> float | None:
    return cents(chosen.appraisal.setting.upfront_cost) if chosen.action is Action.TRANSFER else None


def _degraded(case: UnitCase) -> tuple[str, ...]:
    """List what was missing here, and for a transfer at the destination too, each once."""
    return tuple(
        dict.fromkeys(
            (
                *case.baseline.appraisal.degraded,
                *case.chosen.appraisal.degraded,
                *case.baseline.appraisal.rooftop.clashes,
            )
        )
    )


def _per_day(value: float, course: Course, baseline: Course) -> float:
    """Give value per day it stands if followed; for a wholesale, per day it would have stood."""
    days = baseline.expected_days if course.action is Action.WHOLESALE else course.expected_days
    return value / max(1.0, days)


def _alternatives(case: UnitCase) -> tuple[Alternative, ...]:
    """List what else was weighed, best first, each over what the advice's own value is told over."""
    weighed = (case.baseline, case.choices.reprice, case.transfer, case.choices.wholesale)
    others = [course for course in weighed if course is not None and course is not case.chosen]
    others.sort(key=lambda course: -course.worth)
    listed = []
    for course in others:
        value = course.worth - case.yardstick.worth
        per_day = cents(_per_day(value, course, case.baseline))
        listed.append(Alternative(course.action, cents(value), per_day, _detail(course, case)))
    return tuple(listed)


def _detail(course: Course, case: UnitCase) -> str:
    currency = course.appraisal.rooftop.currency
    net = money(course.net, currency)
    if course.price is None:
        short = case.short_of_leaving
        more = f"; it needs {money(short, currency)} more to be worth leaving for" if short > 0 else ""
        return f"leave through the wholesale lane for about {net}{more}"
    price, days = money(course.price, currency), f"{course.expected_days:.0f}"
    if course.action is Action.TRANSFER:
        return f"move to {course.appraisal.rooftop.name} at {price}: about {days} days, net {net}"
    if course.action is Action.REPRICE:
        waiting = " (its price moved too recently)" if case.choices.cooling else ""
        beside = course.effects.beside
        others = f", and {money(beside, currency)} for those beside it" if round(beside) else ""
        return f"ask {price}{waiting}: about {days} days, net {net}{others}"
    return f"do nothing at {price}: about {days} days, net {net}"
