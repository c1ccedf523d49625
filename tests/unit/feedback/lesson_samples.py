"""Outcomes to learn from, and what they teach together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from services.feedback.domain import Action, Evidence, Kind, Lesson, Outcome, Parameters, lesson_of

if TYPE_CHECKING:
    from collections.abc import Iterable

ISSUED = datetime(2025, 6, 1, 9, tzinfo=UTC)
NOBODY = Evidence()
AS_IS = Parameters()
SALE = Outcome(
    recommendation_id="r",
    action=Action.REPRICE,
    decision=None,
    segment="used/a/one",
    vehicle_key="V",
    kind=Kind.SOLD,
    on=ISSUED.date(),
    days=10,
    followed=True,
    expected_value=300.0,
    realised_value=100.0,
    expected_gross=1_500.0,
    realised_gross=1_500.0,
    hazard_exposure=1.0,
    sales=1,
    policy_version=1,
)


def taught_by(outcomes: Iterable[Outcome], **more: object) -> Evidence:
    """Add up what outcomes teach, as the store does; the last of each recommendation counts."""
    lessons: dict[Action, Lesson] = {}
    for outcome in {each.recommendation_id: each for each in outcomes}.values():
        lessons[outcome.action] = lessons.get(outcome.action, Lesson()) + lesson_of(outcome)
    return Evidence(lessons, **more)


def outcomes_of(count: int, **changes: object) -> tuple[Outcome, ...]:
    return tuple(replace(SALE, recommendation_id=f"r{i}", **changes) for i in range(count))


def sales_of(count: int, **changes: object) -> Evidence:
    return taught_by(outcomes_of(count, **changes))
