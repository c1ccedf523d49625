"""One subject, one window, one figure, whatever was done."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from advice_samples import ACCEPTED, ORDER, REPRICE, day, moment
from hypothesis import given
from hypothesis import strategies as st

from services.feedback.domain import (
    Action,
    Ending,
    Happening,
    Kind,
    PriceMove,
    ShelfStay,
    Stocking,
    Transfer,
    bore_out,
    outcome_of,
    shelf_result,
    subject_of,
    unit_result,
)
from services.feedback.domain.watching import SHELF_DAYS, UNIT_DAYS

NOTHING, BACK = 1_300.0, 1_000.0
assert (REPRICE.baseline_net, REPRICE.back_gross) == (NOTHING, BACK)
BUY = replace(ORDER, action=Action.ACQUIRE)


def sold(on: int, gross: float | None = 1_500.0, kind: Kind = Kind.SOLD) -> Happening:
    return Happening(ending=Ending(kind, day(on), gross))


@pytest.mark.parametrize(
    ("happened", "worth"),
    [
        (sold(10), 1_500 + BACK - 10 * 40 - NOTHING),
        (sold(60), 1_500 + BACK - 60 * 40 - NOTHING),
        (sold(20, -2_000, Kind.WHOLESALED), -2_000 - 20 * 40 - NOTHING),
        (sold(61), -60 * 40),
        (Happening(), -60 * 40),
        (sold(10, None), -10 * 40),
        (sold(10, None, Kind.DEPARTED), -10 * 40),
    ],
)
def test_a_vehicle_by_hand(happened: Happening, worth: float) -> None:
    assert unit_result(REPRICE, happened) == pytest.approx(worth)


@given(st.integers(1, 200), st.integers(0, 59), st.floats(-5_000, 5_000))
def test_what_was_done_does_not_change_what_is_measured(price_step: int, on: int, gross: float) -> None:
    """Followed or not, answered or not: only what became of the vehicle counts, for as long either way."""
    bare = sold(on, gross)
    moved = replace(bare, price_moves=(PriceMove(day(0), 20_000.0 - price_step),))
    assert unit_result(REPRICE, moved) == unit_result(REPRICE, bare)
    assert unit_result(replace(REPRICE, held_out=True), bare) == unit_result(REPRICE, bare)


def test_transport_is_paid_by_who_was_moved_and_by_nobody_else() -> None:
    advice = replace(REPRICE, action=Action.TRANSFER, price=None, destination="north", upfront_cost=250.0)
    stayed = unit_result(advice, sold(10))
    assert stayed == pytest.approx(1_500 + BACK - 10 * 40 - NOTHING), "doing nothing never nets the transport"
    for moved_on, paid in ((4, 250.0), (UNIT_DAYS + 1, 0.0)):
        moved = replace(sold(10), transfer=Transfer(day(moved_on), "north"))
        assert unit_result(advice, moved) == pytest.approx(stayed - paid)
        held_out = unit_result(replace(advice, held_out=True), moved)
        assert held_out == unit_result(advice, moved), "the same for both groups"
    still_there = Happening(transfer=Transfer(day(4), "north"))
    assert unit_result(advice, still_there) == pytest.approx(-60 * 40 - 250)


@pytest.mark.parametrize("action", [Action.WHOLESALE, Action.REPRICE])
def test_the_lanes_fee_is_paid_by_who_went_there_and_by_nobody_else(action: Action) -> None:
    advice = replace(REPRICE, action=action, lane_fee=300.0)
    sent = sold(2, -600.0, Kind.WHOLESALED)
    assert unit_result(advice, sent) == pytest.approx(-600 - 2 * 40 - NOTHING - 300)
    assert unit_result(advice, sold(2)) == pytest.approx(1_500 + BACK - 2 * 40 - NOTHING)
    assert unit_result(advice, Happening()) == pytest.approx(-60 * 40)


@given(st.integers(0, 400), st.integers(0, 400))
def test_nothing_after_the_window_counts(first: int, second: int) -> None:
    late = UNIT_DAYS + 1
    assert unit_result(REPRICE, sold(late + first, 9_000)) == unit_result(REPRICE, sold(late + second, -9_000))


def test_without_a_cost_nothing_is_measured_whatever_happens_later() -> None:
    unknown = replace(REPRICE, baseline_net=None)
    assert unit_result(unknown, sold(5)) is None
    assert unit_result(unknown, Happening()) is None


def test_a_shelf_by_hand() -> None:
    stays = (
        ShelfStay(day(-30), day(10), 1_000.0),
        ShelfStay(day(20), day(50), 2_000.0),
        ShelfStay(day(100), None, None),
        ShelfStay(day(-90), day(-1), 700.0),
        ShelfStay(day(SHELF_DAYS + 5), day(SHELF_DAYS + 9), 800.0),
        ShelfStay(None, day(5), None),
        ShelfStay(day(50), day(60), -900.0, retailed=False),
    )
    held = 10 + 30 + 20 + 0 + 0 + 5 + 10
    assert shelf_result(BUY, stays) == pytest.approx(3_000 + 2 * BACK - 900 - 40 * held)
    assert shelf_result(BUY, ()) == 0


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)))
def test_a_window_on_a_shelf_lies_in_one_half_of_a_year(on: date) -> None:
    subject = subject_of(Action.ORDER, None, "new/a/one", on)
    last = on + timedelta(days=SHELF_DAYS - 1)
    assert (subject is not None) == ((on.year, on.month < 7) == (last.year, last.month < 7))
    assert subject_of(Action.REPRICE, "VIN1", "used/a/one", on) == "VIN1"
    assert subject_of(Action.HOLD, None, "used/a/one", on) is None


def test_a_call_was_right_where_doing_nothing_brought_less_than_it_promised() -> None:
    assert bore_out(REPRICE, 100.0)  # less than the 300 promised
    assert not bore_out(REPRICE, 400.0)


def test_a_purchase_remembers_how_long_it_took_once_the_dealer_said_yes() -> None:
    stockings = tuple(_stocked(on) for on in (9, 21))
    outcome = outcome_of(replace(BUY, quantity=2), ACCEPTED, Happening(stockings=stockings), moment(25))
    assert outcome is not None
    assert outcome.lead_days == (8, 20)
    unasked = outcome_of(replace(BUY, quantity=2), None, Happening(stockings=stockings), moment(25))
    assert unasked is not None
    assert unasked.lead_days == ()


def _stocked(on: int) -> Stocking:

    return Stocking(f"V{on}", day(on))
