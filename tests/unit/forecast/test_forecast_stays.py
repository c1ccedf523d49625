"""Stays: one per visit of a vehicle to a rooftop, corrected while it lasts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.forecast.domain.stays import Visit, revisit

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    assert revisit((again,), late) == (late, again)
    assert revisit((late, again), now) == (late, now)


def test_departure_that_turns_out_to_have_been_a_sale_is_one() -> None:
    gone = replace(HERE, version=2, left=date(2026, 1, 30))
    again = replace(HERE, version=3, stocked=date(2026, 5, 1))
    late = replace(SOLD_HERE, version=4)
    assert revisit((gone, again), late) == (late, again)


def test_old_news_of_an_earlier_stay_do_not_undo_its_sale() -> None:
    again = replace(HERE, version=3, stocked=date(2026, 5, 1))
    gone = replace(HERE, version=1, left=date(2026, 1, 30))
    assert revisit((SOLD_HERE, again), gone) == (SOLD_HERE, again)


def test_exit_before_its_own_arrival_is_a_bad_date_and_ends_the_stay_all_the_same() -> None:
    wrong = replace(HERE, version=2, left=date(2025, 12, 31), sold=True)
    assert revisit((HERE,), wrong) == (wrong,)


@st.composite
def lives(draw: st.DrawFn) -> list[Visit]:
    """Draw the states of a car that goes from rooftop to rooftop, sold or sent on, in order."""
    states: list[Visit] = []
    day = date(2025, 1, 1)
    for number in range(draw(st.integers(1, 5))):
        rooftop = UUID(int=draw(st.integers(1, 3)))
        if states and states[-1].dealer_id == rooftop and states[-1].left is None:
            continue
        day += timedelta(days=draw(st.integers(1, 60)))
        here = replace(HERE, dealer_id=rooftop, version=2 * number + 1, stocked=day)
        states.append(here)
        if draw(st.booleans()):
            day += timedelta(days=draw(st.integers(0, 60)))
            states.append(replace(here, version=here.version + 1, left=day, sold=draw(st.booleans())))
    return states


@given(lives(), st.randoms(use_true_random=False))
def test_sales_and_the_stay_under_way_are_the_same_in_whichever_order_rooftops_are_read(
    states: Sequence[Visit], random
) -> None:
    rooftops = [state.dealer_id for state in states]
    random.shuffle(rooftops)
    queues = {rooftop: [state for state in states if state.dealer_id == rooftop] for rooftop in rooftops}
    in_order: tuple[Visit, ...] = ()
    interleaved: tuple[Visit, ...] = ()
    for state in states:
        in_order = revisit(in_order, state)
    for rooftop in rooftops:
        interleaved = revisit(interleaved, queues[rooftop].pop(0))
    assert interleaved[-1:] == in_order[-1:]
    assert _sales(interleaved) == _sales(in_order)


def _sales(visits: Sequence[Visit]) -> list[tuple[UUID, date | None]]:
    return [(visit.dealer_id, visit.left) for visit in visits if visit.sold]
