"""Fresh advice against what stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from recommend_sample_books import AS_OF, CAMRY, book, camry, demand, gross, group_book

from services.recommend.domain import Action, Advice, StandingAdvice, Unit, advise, reconcile

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def standing(advice: Advice, number: int = 0, **changes: Any) -> StandingAdvice:
    issued = StandingAdvice(
        recommendation_id=f"r{number}",
        dealer_id=advice.dealer_id,
        action=advice.action,
        segment=advice.segment,
        value=advice.value,
        expires_at=NOW + timedelta(days=advice.expires_in_days),
        vehicle_key=advice.vehicle_key,
        destination_dealer_id=advice.destination_dealer_id,
        price=advice.price,
        quantity=advice.quantity,
        most_to_pay=advice.most_to_pay,
    )
    return replace(issued, **changes)


def one(action: Action, **changes: Any) -> Advice:
    fields: dict[str, Any] = {
        "dealer_id": "north", "action": action, "segment": CAMRY, "label": "Camry", "currency": "USD",
        "policy_version": 1, "value": 800.0, "value_per_day": 20.0, "confidence": 0.8, "reason": "",
        "expires_in_days": 7, "evidence": (), "vehicle_key": "CAMRY1",
    }  # fmt: skip
    return Advice(**(fields | changes))


def test_a_second_run_on_the_same_book_issues_nothing() -> None:
    whole = group_book(150)
    first = reconcile([], advise(whole, AS_OF), NOW, units=whole.units)
    kept = [standing(advice, number) for number, advice in enumerate(first.issue)]
    second = reconcile(kept, advise(whole, AS_OF), NOW, units=whole.units)
    assert first.issue
    assert (second.issue, second.supersede, second.withdraw, second.expire) == ((), (), (), ())
    assert len(second.unchanged) == len(kept)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"price": 18_540.0}, True),
        ({"price": 18_590.0}, False),
        ({"value": 915.0}, True),
        ({"value": 925.0}, False),
        ({"quantity": 2}, False),
    ],
)
def test_only_a_material_change_supersedes(changes: dict[str, Any], *, same: bool) -> None:
    before = one(Action.REPRICE, price=18_490.0)
    after = replace(before, **changes)
    found = reconcile([standing(before)], [after], NOW, units=[camry()])
    assert (len(found.unchanged), len(found.supersede)) == ((1, 0) if same else (0, 1))
    assert found.issue == ()


@pytest.mark.parametrize(
    ("before", "now", "same"), [(18_000.0, 18_500.0, True), (18_000.0, 17_400.0, False), (None, 17_400.0, True)]
)
def test_a_purchase_at_another_price_is_another_purchase(before: float | None, now: float, *, same: bool) -> None:
    stood = one(Action.ACQUIRE, vehicle_key=None, most_to_pay=before, quantity=2)
    found = reconcile([standing(stood)], [replace(stood, most_to_pay=now)], NOW, units=[])
    assert (len(found.unchanged), len(found.supersede)) == ((1, 0) if same else (0, 1))


def test_half_a_percent_of_a_dear_cars_price_is_the_same_price() -> None:
    before = one(Action.REPRICE, price=60_000.0)
    kept = reconcile([standing(before)], [replace(before, price=60_290.0)], NOW, units=[])
    changed = reconcile([standing(before)], [replace(before, price=60_310.0)], NOW, units=[])
    assert (len(kept.unchanged), len(changed.supersede)) == (1, 1)


def test_why_advice_ended() -> None:
    def ending(advice: Advice, *units: Unit) -> str:
        return reconcile([standing(advice)], [], NOW, units=units).withdraw[0].because

    reprice = one(Action.REPRICE, price=18_490.0)
    move = one(Action.TRANSFER, price=19_990.0, destination_dealer_id="south")
    assert ending(reprice) == "it has left stock: sold, or gone another way"
    assert ending(reprice, camry(list_price=18_499.0)) == "done: its price is there"
    assert ending(reprice, camry()) == "no longer worth it"
    assert ending(reprice, camry(availability="pending")) == "it is promised to a customer now"
    assert ending(move, camry(availability="held")) == "it is held from sale now"
    assert ending(reprice, camry(dealer="south")) == "it stands at another store now"
    assert ending(move, camry(dealer="south")) == "done: it has moved there"
    assert ending(one(Action.WHOLESALE)) == "done: it has left stock"
    assert ending(one(Action.ACQUIRE, vehicle_key=None)) == "the gap is filled or no longer worth filling"


def test_expired_advice_is_closed_and_issued_anew_only_if_it_holds() -> None:
    advice = one(Action.REPRICE, price=18_490.0)
    old = standing(advice, expires_at=NOW)
    again = reconcile([old], [advice], NOW, units=[camry()])
    gone = reconcile([old], [], NOW, units=[camry()])
    assert (again.issue, len(again.expire)) == ((advice,), 1)
    assert (gone.issue, len(gone.expire), gone.withdraw) == ((), 1, ())


def test_another_action_for_the_same_unit_replaces_by_withdrawing() -> None:
    found = reconcile([standing(one(Action.HOLD))], [one(Action.WHOLESALE)], NOW, units=[camry()])
    assert [each.action for each in found.issue] == [Action.WHOLESALE]
    assert [each.standing.action for each in found.withdraw] == [Action.HOLD]


def test_of_two_that_say_the_same_the_later_stays() -> None:
    advice = one(Action.HOLD)
    early = standing(advice, 1, expires_at=NOW + timedelta(days=1))
    late = standing(advice, 2, expires_at=NOW + timedelta(days=5))
    found = reconcile([early, late], [advice], NOW, units=[camry()])
    assert found.unchanged == (late,)
    assert [each.standing for each in found.withdraw] == [early]


def test_a_filled_gap_withdraws_the_purchase() -> None:
    short = book(demand(weekly=1), gross(scope=CAMRY))
    bought = [standing(advice) for advice in advise(short, AS_OF)]
    full = book(demand(weekly=1), gross(scope=CAMRY), *(camry(f"C{number}") for number in range(9)))
    found = reconcile(bought, advise(full, AS_OF), NOW, units=full.units)
    assert [each.standing for each in found.withdraw] == bought


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        reconcile([], [], NOW.replace(tzinfo=None), units=[])
