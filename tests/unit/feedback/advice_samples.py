"""Advice to judge: a repricing and an order, and the days around them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from services.feedback.domain import Action, Advice, Answer, Decision, Status

ISSUED = datetime(2025, 6, 1, 9, tzinfo=UTC)


def day(number: int) -> date:
    """Give the calendar day so many days after the advice was issued."""
    return ISSUED.date() + timedelta(days=number)


def moment(number: int) -> datetime:
    return ISSUED + timedelta(days=number)


REPRICE = Advice(
    recommendation_id="r1",
    action=Action.REPRICE,
    segment="used/a/one",
    issued_at=ISSUED,
    expires_at=moment(14),
    value=300.0,
    vehicle_key="VIN1",
    price=19_000.0,
    current_price=20_000.0,
    expected_gross=1_500.0,
    expected_daily_hazard=0.05,
    baseline_daily_hazard=0.03,
    holding_cost_per_day=40.0,
    back_gross=1_000.0,
    baseline_net=1_300.0,
    policy_version=3,
)
ORDER = replace(
    REPRICE,
    action=Action.ORDER,
    vehicle_key=None,
    price=None,
    quantity=2,
    expected_daily_hazard=None,
    baseline_net=None,
    value=2_000.0,
)
ACCEPTED = Answer(Decision.ACCEPTED, moment(1))
DECLINED = Answer(Decision.DECLINED, moment(1), reason="too low")


def closed(advice: Advice, number: int, status: Status) -> Advice:
    return replace(advice, status=status, closed_at=moment(number))
