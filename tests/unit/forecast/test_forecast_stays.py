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
    assert ended.version == there.version, "or the store would take it for what it knows already"
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
