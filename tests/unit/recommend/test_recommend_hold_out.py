"""Which advice is held out: drawn by subject, never what a rule demands, and counted on by nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from recommend_sample_books import AS_OF, group_book

from services.recommend.domain import Action, Parameters, Rules, advise, is_held_out


def test_the_hold_out_is_a_share_of_subjects() -> None:
    advice = advise(group_book(), AS_OF)
    held = [each for each in advice if is_held_out("group", each, 0.3, AS_OF)]
    assert 0.15 * len(advice) < len(held) < 0.45 * len(advice)
    assert all(is_held_out("group", each, 0.4, AS_OF) for each in held)
    assert not any(is_held_out("group", each, 0.0, AS_OF) for each in advice)


def test_a_vehicle_is_held_out_for_good_whatever_is_advised_and_wherever_it_stands() -> None:
    later = AS_OF + timedelta(days=400)
    for each in (each for each in advise(group_book(), AS_OF) if each.vehicle_key):
        other = replace(each, action=Action.WHOLESALE, dealer_id="elsewhere", destination_dealer_id=None)
        assert is_held_out("group", other, 0.5, later) == is_held_out("group", each, 0.5, AS_OF)


def test_a_segment_is_drawn_anew_each_half_year_at_each_rooftop() -> None:
    purchase = next(each for each in advise(group_book(), AS_OF) if each.vehicle_key is None and not each.clash)
    shelves = [replace(purchase, segment=f"used/make/{n}") for n in range(200)]

    def drawn(as_of: date, **changes: str) -> list[bool]:
        return [is_held_out("group", replace(each, **changes), 0.5, as_of) for each in shelves]

    assert drawn(date(2026, 1, 1)) == drawn(date(2026, 6, 30))
    assert drawn(date(2026, 1, 1)) != drawn(date(2026, 7, 1)) != drawn(date(2027, 1, 1))
    assert drawn(date(2026, 1, 1)) != drawn(date(2026, 1, 1), dealer_id="elsewhere")


def test_advice_tells_the_share_it_was_drawn_with_and_what_a_rule_demands_was_not_drawn() -> None:
    book_ = group_book()
    ruled = Rules(hold_out_share=0.4, max_age_days=30)
    rooftops = tuple(replace(each, rules=ruled) for each in book_.rooftops)
    found = advise(replace(book_, rooftops=rooftops), AS_OF)
    by_rule = [each for each in found if any(line.name == "Age-out rule" for line in each.evidence)]
    assert by_rule
    assert all(not each.held_out and each.hold_out_share == 0 for each in by_rule)
    assert any(each.hold_out_share == 0.4 for each in found)
    assert all(each.hold_out_share == 0.4 for each in found if each.held_out)


def test_nothing_that_is_shown_counts_on_what_is_held_back() -> None:
    all_told = advise(group_book(), AS_OF)
    store = next(each.dealer_id for each in all_told if each.action is Action.WHOLESALE)
    book_ = group_book()
    mine = [unit for unit in book_.units if unit.dealer_id == store]
    full = replace(
        next(each for each in book_.rooftops if each.dealer_id == store),
        parameters=Parameters(lot_slots=sum(unit.quantity for unit in mine)),
        rules=Rules(hold_out_share=0.999, transfers=False),
    )
    others = tuple(each for each in book_.rooftops if each.dealer_id != store)
    found = [each for each in advise(replace(book_, rooftops=(full, *others)), AS_OF) if each.dealer_id == store]
    kept_back = [each for each in found if each.held_out]
    assert any(each.action is Action.WHOLESALE for each in kept_back)
    room = sum(1 for each in found if each.action is Action.WHOLESALE and not each.held_out)
    bought = sum(each.quantity or 0 for each in found if each.action in (Action.ACQUIRE, Action.ORDER))
    assert bought <= room
