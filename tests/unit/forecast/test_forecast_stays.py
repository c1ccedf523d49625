"""Stays: one per visit of a vehicle to a rooftop, corrected while it lasts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from services.forecast.domain.stays import Visit, revisit

NORTH, SOUTH = UUID(int=1), UUID(int=2)
HERE = Visit(NORTH, 1, "used/audi/q3", "used Audi Q3", date(2026, 1, 5), None, sold=False)


def test_first_state_begins_the_first_stay() -> None:
    assert revisit((), HERE) == (HERE,)


def test_newer_state_at_the_same_rooftop_corrects_the_stay() -> None:
    sold = replace(HERE, version=2, left=date(2026, 2, 1), sold=True)
    assert revisit((HERE,), sold) == (sold,)


def test_older_or_equal_version_is_passed_over() -> None:
    newer = replace(HERE, version=5, left=date(2026, 2, 1), sold=True)
    assert revisit((newer,), replace(HERE, version=4)) == (newer,)
    assert revisit((newer,), replace(HERE, version=5)) == (newer,)


def test_transfer_ends_the_stay_before_it_without_a_sale() -> None:
    there = replace(HERE, dealer_id=SOUTH, version=2, stocked=date(2026, 2, 10))
    ended, current = revisit((HERE,), there)
    assert (ended.left, ended.sold, ended.dealer_id) == (date(2026, 2, 10), False, NORTH)
    assert current == there


def test_transfer_after_an_exit_leaves_the_ended_stay_alone() -> None:
    sold = replace(HERE, left=date(2026, 2, 1), sold=True)
    there = replace(HERE, dealer_id=SOUTH, version=2, stocked=date(2026, 3, 1))
    assert revisit((sold,), there) == (sold, there)


def test_stocked_again_after_a_sale_begins_a_new_stay() -> None:
    sold = replace(HERE, left=date(2026, 2, 1), sold=True)
    again = replace(HERE, version=2, stocked=date(2026, 5, 1))
    assert revisit((sold,), again) == (sold, again)


def test_unwound_sale_reopens_the_same_stay() -> None:
    sold = replace(HERE, left=date(2026, 2, 1), sold=True)
    back = replace(HERE, version=2)
    assert revisit((sold,), back) == (back,)


def test_only_the_last_stay_is_corrected() -> None:
    first = replace(HERE, left=date(2026, 2, 1), sold=True)
    second = replace(HERE, version=2, stocked=date(2026, 5, 1))
    gone = replace(second, version=3, left=date(2026, 6, 1), sold=True)
    assert revisit((first, second), gone) == (first, gone)


SOLD_HERE = replace(HERE, version=2, left=date(2026, 2, 1), sold=True)


def test_sale_told_after_a_sister_stocked_the_car_ends_the_stay_it_was_of() -> None:
    there = replace(HERE, dealer_id=SOUTH, version=3, stocked=date(2026, 2, 1))
    assert revisit(revisit((HERE,), there), SOLD_HERE) == (SOLD_HERE, there)


def test_sale_reported_late_stands_beside_the_stay_that_follows() -> None:
    again = replace(HERE, version=2, stocked=date(2026, 5, 1))
    late = replace(SOLD_HERE, version=3)
    now = replace(again, version=4)
    assert revisit((again,), late, over=True) == (late, again)
    assert revisit((late, again), now) == (late, now)


def test_departure_that_turns_out_to_have_been_a_sale_is_one() -> None:
    gone = replace(HERE, version=2, left=date(2026, 1, 30))
    again = replace(HERE, version=3, stocked=date(2026, 5, 1))
    late = replace(SOLD_HERE, version=4)
    assert revisit((gone, again), late, over=True) == (late, again)


def test_old_news_of_an_earlier_stay_do_not_undo_its_sale() -> None:
    again = replace(HERE, version=3, stocked=date(2026, 5, 1))
    gone = replace(HERE, version=1, left=date(2026, 1, 30))
    assert revisit((SOLD_HERE, again), gone, over=True) == (SOLD_HERE, again)


def test_sale_of_an_earlier_stay_that_was_undone_is_none() -> None:
    there = replace(HERE, dealer_id=SOUTH, version=3, stocked=date(2026, 3, 1))
    undone = replace(HERE, version=4, left=date(2026, 3, 1))
    assert revisit((SOLD_HERE, there), undone, over=True) == (undone, there)


def test_stay_told_once_more_adds_none() -> None:
    there = replace(HERE, dealer_id=SOUTH, version=2, stocked=date(2026, 2, 10), left=date(2026, 3, 1), sold=True)
    stays = revisit((HERE,), there)
    again = replace(HERE, version=3, left=date(2026, 2, 10))
    told = revisit(revisit(stays, again, over=True), replace(there, version=4))
    assert [(visit.dealer_id, visit.left, visit.sold) for visit in told] == [
        (NORTH, date(2026, 2, 10), False),
        (SOUTH, date(2026, 3, 1), True),
    ]


def test_exit_before_its_own_arrival_is_a_bad_date_and_ends_the_stay_all_the_same() -> None:
    wrong = replace(HERE, version=2, left=date(2025, 12, 31), sold=True)
    assert revisit((HERE,), wrong) == (wrong,)


def test_sale_undone_is_heard_of_after_a_sister_stocked_the_car() -> None:
    there = replace(HERE, dealer_id=SOUTH, version=4, stocked=date(2026, 3, 1))
    undone = replace(HERE, version=3)
    stays = revisit(revisit((SOLD_HERE,), there), undone)
    assert [(visit.dealer_id, visit.left, visit.sold) for visit in stays] == [
        (NORTH, date(2026, 3, 1), False),
        (SOUTH, None, False),
    ]


def test_stays_that_touch_on_a_day_are_two() -> None:
    again = replace(HERE, version=3, stocked=date(2026, 2, 1))
    assert revisit((again,), replace(SOLD_HERE, version=4), over=True) == (replace(SOLD_HERE, version=4), again)
