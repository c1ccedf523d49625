"""What was answered is not asked again at once, and what was agreed to counts as on its way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from recommend_sample_books import AS_OF, CAMRY, book, camry, demand, gross

from services.recommend.domain import (
    Action,
    Advice,
    Answer,
    StandingAdvice,
    Unit,
    UnitStatus,
    advise,
    agreed,
    reconcile,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CUT = Advice(
    dealer_id="north", action=Action.REPRICE, segment=CAMRY, label="Camry", currency="USD", policy_version=1,
    value=800.0, value_per_day=20.0, confidence=0.8, reason="", expires_in_days=7, evidence=(), vehicle_key="CAMRY1",
    price=18_490.0,
)  # fmt: skip
BUY = replace(CUT, action=Action.ACQUIRE, vehicle_key=None, price=None, quantity=3)


def standing(advice: Advice, number: int = 0, **changes: Any) -> StandingAdvice:
    issued = StandingAdvice(
        recommendation_id=f"r{number}", dealer_id=advice.dealer_id, action=advice.action, segment=advice.segment,
        value=advice.value, expires_at=NOW + timedelta(days=7), vehicle_key=advice.vehicle_key, price=advice.price,
        quantity=advice.quantity,
    )  # fmt: skip
    return replace(issued, **changes)


def answer(advice: Advice, decision: str = "declined", *, days_ago: float = 1, **changes: Any) -> Answer:
    given = Answer(
        recommendation_id="r0", identity=advice.identity, decision=decision, reason=None, value=advice.value,
        answered_at=NOW - timedelta(days=days_ago), declined=decision == "declined", quantity=advice.quantity,
        label=advice.label,
    )  # fmt: skip
    return replace(given, **changes)


@pytest.mark.parametrize("decision", ["declined", "accepted", "modified"])
def test_an_answered_call_stands_as_it_was_answered(decision: str) -> None:
    moved = replace(CUT, price=17_900.0, value=1_100.0)
    found = reconcile([standing(CUT)], [moved], NOW, units=[camry()], answers=[answer(CUT, decision)])
    assert (len(found.unchanged), found.supersede, found.issue) == (1, (), ())


def test_a_declined_call_that_expired_is_not_made_again_for_a_fortnight() -> None:
    old = standing(CUT, expires_at=NOW)
    soon = reconcile([old], [CUT], NOW, units=[camry()], answers=[answer(CUT, days_ago=7)])
    assert ([each.because for each in soon.expire], soon.issue) == (
        ["expired; it was declined and is not made again so soon"],
        (),
    )
    gone = reconcile([], [CUT], NOW, units=[camry()], answers=[answer(CUT, days_ago=13.9)])
    later = reconcile([], [CUT], NOW, units=[camry()], answers=[answer(CUT, days_ago=14)])
    assert (gone.issue, later.issue) == ((), (CUT,))


@pytest.mark.parametrize(("before", "after", "again"), [(800, 1_599, False), (800, 1_600, True), (10, 149, False)])
def test_a_declined_call_comes_back_when_it_is_worth_twice_as_much(
    before: float, after: float, *, again: bool
) -> None:
    declined, grown = answer(replace(CUT, value=before)), replace(CUT, value=after)
    found = reconcile([], [grown], NOW, units=[camry()], answers=[declined])
    assert found.issue == ((grown,) if again else ())


def test_a_call_on_another_car_or_of_another_kind_is_made() -> None:
    other, move = replace(CUT, vehicle_key="CAMRY2"), replace(CUT, action=Action.WHOLESALE)
    assert reconcile([], [other, move], NOW, units=[], answers=[answer(CUT)]).issue == (other, move)


def test_what_was_accepted_and_carried_out_may_be_advised_anew() -> None:
    done = answer(CUT, "accepted", done=True)
    assert reconcile([], [CUT], NOW, units=[camry()], answers=[done]).issue == (CUT,)
    assert reconcile([], [CUT], NOW, units=[camry()], answers=[answer(CUT, "accepted")]).issue == ()
    assert reconcile([], [CUT], NOW, units=[camry()], answers=[answer(CUT, done=True)]).issue == ()


def test_what_was_issued_after_an_answer_changes_as_any_other() -> None:
    newer = standing(replace(CUT, value=1_700.0), 1)
    cheaper = replace(CUT, price=17_500.0, value=1_500.0)
    found = reconcile([newer], [cheaper], NOW, units=[camry()], answers=[answer(CUT)])
    assert [each.advice for each in found.supersede] == [cheaper]


def test_the_newest_answer_to_a_call_counts() -> None:
    first, last = answer(CUT, days_ago=5), answer(CUT, "accepted", recommendation_id="r1", done=True)
    assert reconcile([], [CUT], NOW, units=[], answers=[last, first]).issue == (CUT,)


def test_a_purchase_agreed_to_stands_although_nothing_is_missing_any_more() -> None:
    kept = reconcile([standing(BUY)], [], NOW, units=[], answers=[answer(BUY, "accepted")])
    assert (len(kept.unchanged), kept.withdraw) == (1, ())
    assert len(reconcile([standing(BUY)], [], NOW, units=[], answers=[answer(BUY)]).withdraw) == 1
    expired = [standing(BUY, expires_at=NOW)]
    assert len(reconcile(expired, [], NOW, units=[], answers=[answer(BUY, "accepted")]).expire) == 1


def awaited(*units: Unit, answers: list[Answer], days: int = 0) -> list[int]:
    whole = book(demand(weekly=1), gross(scope=CAMRY), *units)
    found = agreed(answers, whole, NOW.date() + timedelta(days=days))
    assert all(unit.status is UnitStatus.ON_ORDER and unit.segment == CAMRY for unit in found.awaited)
    return [unit.quantity for unit in found.awaited]


def test_what_was_agreed_to_is_awaited_until_it_comes_or_its_time_is_over() -> None:
    yes = answer(BUY, "accepted", days_ago=0)
    ordered = replace(camry("ORDER"), status=UnitStatus.ON_ORDER, quantity=2)
    assert awaited(camry("OLD"), answers=[yes]) == [3]
    assert awaited(camry("OLD"), answers=[replace(yes, arrived=1)]) == [2]
    assert awaited(ordered, answers=[replace(yes, arrived=1)]) == []
    assert awaited(ordered, answers=[replace(yes, inbound=2)]) == [3]
    assert awaited(answers=[replace(yes, inbound=2, arrived=2)]) == [3]
    assert awaited(answers=[yes], days=14) == [3]
    assert awaited(answers=[yes], days=15) == []


def test_only_purchases_agreed_to_are_awaited() -> None:
    given = [answer(BUY), answer(CUT, "accepted")]
    assert awaited(answers=given) == []
    assert awaited(answers=[answer(BUY, "modified", quantity=1)]) == [1]
    assert awaited(answers=[answer(BUY, "modified", quantity=0)]) == []


def test_two_agreements_of_one_shelf_share_what_comes() -> None:
    first = answer(BUY, "accepted", days_ago=9, arrived=1)
    assert awaited(answers=[first, answer(BUY, "accepted", recommendation_id="r1", days_ago=1)]) == [5]


def test_what_has_come_may_be_bought_again() -> None:
    whole = book(demand(weekly=1), gross(scope=CAMRY))
    came = agreed([answer(BUY, "accepted", arrived=3), answer(CUT, recommendation_id="r9")], whole, NOW.date())
    assert ([each.done for each in came.answers], came.awaited) == ([True, False], ())
    assert reconcile([], [BUY], NOW, units=[], answers=came.answers).issue == (BUY,)
    assert len(reconcile([standing(BUY)], [], NOW, units=[], answers=came.answers).withdraw) == 1


def test_rules_that_clash_are_told_whatever_was_answered() -> None:
    clash = replace(CUT, action=Action.HOLD, vehicle_key=None, price=None, value=0.0, clash=True)
    said = answer(clash, "accepted")
    assert reconcile([], [clash], NOW, units=[], answers=[said]).issue == (clash,)
    assert len(reconcile([standing(clash)], [], NOW, units=[], answers=[said]).withdraw) == 1


def test_a_purchase_agreed_to_is_not_advised_once_more() -> None:
    short = book(demand(weekly=1), gross(scope=CAMRY))
    [first] = advise(short, AS_OF)
    given = [answer(first, "accepted")]
    whole = replace(short, units=short.units + agreed(given, short, AS_OF).awaited)
    [more] = advise(whole, AS_OF)
    assert "none on the way" in first.reason
    assert "four on the way" in more.reason
    assert more.value < first.value / 2
    assert reconcile([standing(first)], [more], NOW, units=(), answers=given).supersede == ()
