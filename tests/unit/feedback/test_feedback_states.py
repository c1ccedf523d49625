"""What happened to a vehicle, read from how it stood version by version."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from services.feedback.domain import Kind
from services.feedback.translate import happening_of, stay_on

HERE, THERE = "store-a", "store-b"


def state(day: int, status: str = "in_stock", **fields):
    stood = {
        "at": datetime(2026, 3, day, tzinfo=UTC),
        "status": status,
        "dealer_id": HERE,
        "list_price": Decimal(20_000),
        "priced_on": None,
        "stock_date": date(2026, 2, 1),
        "exit_date": None,
        "front_gross": None,
    }
    return {**stood, **fields}


def sold(day: int, gross: int | None = 1_500):
    return state(day, "sold", exit_date=date(2026, 3, day), front_gross=None if gross is None else Decimal(gross))


def test_the_first_price_known_is_no_move_and_each_new_one_is() -> None:
    told = [
        state(1),
        state(2),
        state(5, list_price=Decimal(19_500), priced_on=date(2026, 3, 5)),
        state(9, list_price=Decimal(19_000), priced_on=date(2026, 3, 8)),
    ]
    moves = happening_of(told).price_moves
    assert [(move.on, move.price) for move in moves] == [(date(2026, 3, 5), 19_500.0), (date(2026, 3, 8), 19_000.0)]


def test_a_sale_is_an_end_with_the_gross_that_inventory_worked_out() -> None:
    ending = happening_of([state(1), sold(7)]).ending
    assert ending is not None
    assert (ending.kind, ending.on, ending.gross) == (Kind.SOLD, date(2026, 3, 7), 1_500.0)


def test_better_figures_take_the_place_of_the_first() -> None:
    ending = happening_of([state(1), sold(7, None), sold(7, 900)]).ending
    assert ending is not None
    assert ending.gross == 900.0


def test_back_in_stock_after_a_sale_is_a_sale_undone() -> None:
    happened = happening_of([state(1), sold(7), state(9)])
    assert happened.ending is None
    assert happened.unwound is not None
    assert happened.unwound.on == date(2026, 3, 7)


def test_bought_back_and_stocked_anew_undoes_no_sale() -> None:
    happened = happening_of([state(1), sold(7), state(20, stock_date=date(2026, 3, 20))])
    assert happened.ending is None
    assert happened.unwound is None


def test_a_sale_that_is_undone_when_the_car_is_said_to_be_back_already_is_undone() -> None:
    first = state(2)
    back = state(11, stock_date=date(2026, 3, 11))
    joined = state(12, stock_date=first["stock_date"])
    happened = happening_of(stay_on([first, sold(7), back, joined], date(2026, 3, 3)))
    assert (happened.ending, happened.unwound and happened.unwound.on) == (None, date(2026, 3, 7))
    again = happening_of(stay_on([first, sold(7), back, joined, sold(20)], date(2026, 3, 3)))
    assert (again.ending and again.ending.on, again.unwound) == (date(2026, 3, 20), None)


def test_one_that_vanished_and_is_back_never_left() -> None:
    happened = happening_of([state(1), state(3, "departed", exit_date=date(2026, 3, 3)), state(5)])
    assert happened.ending is None
    assert happened.unwound is None


def test_a_move_to_a_sister_store_is_a_transfer() -> None:
    transfer = happening_of([state(1), state(4, dealer_id=THERE, stock_date=date(2026, 3, 4))]).transfer
    assert transfer is not None
    assert (transfer.on, transfer.destination) == (date(2026, 3, 4), THERE)


def test_nothing_known_is_nothing_happened() -> None:
    happened = happening_of([])
    assert happened.ending is None
    assert happened.price_moves == ()


BACK = {"stock_date": date(2026, 3, 20), "list_price": Decimal(23_000)}


def test_a_sale_stands_for_advice_on_that_stay_when_the_car_is_stocked_anew() -> None:
    told = [state(1), sold(7), state(20, **BACK), sold(28, 900) | BACK]
    before = happening_of(stay_on(told, date(2026, 3, 2)))
    assert before.ending is not None
    assert (before.ending.on, before.ending.gross, before.price_moves) == (date(2026, 3, 7), 1_500.0, ())
    after = happening_of(stay_on(told, date(2026, 3, 21)))
    assert after.ending is not None
    assert (after.ending.on, after.ending.gross, after.price_moves) == (date(2026, 3, 28), 900.0, ())


def test_a_sale_told_after_the_next_stay_began_belongs_to_its_own() -> None:
    anew = state(20, **BACK)
    # In the order of what was reported, in which states are read: the sale was told last, and is of before.
    told = [state(1), sold(7), anew, anew, state(25, **BACK | {"list_price": Decimal(22_000)})]
    before = happening_of(stay_on(told, date(2026, 3, 2)))
    assert before.ending is not None
    assert (before.ending.kind, before.ending.on, before.price_moves) == (Kind.SOLD, date(2026, 3, 7), ())
    after = happening_of(stay_on(told, date(2026, 3, 21)))
    assert after.ending is None
    assert [move.price for move in after.price_moves] == [22_000.0]


def test_a_sale_that_was_undone_parts_no_stays() -> None:
    told = [state(1), sold(7), state(9), sold(12), state(20, **BACK)]
    happened = happening_of(stay_on(told, date(2026, 3, 2)))
    assert happened.ending is not None
    assert happened.ending.on == date(2026, 3, 12)
    assert stay_on(told[:4], date(2026, 3, 2)) == told[:4]


def test_a_sale_whose_day_was_corrected_is_one_sale() -> None:
    told = [state(1), sold(7), sold(9) | {"exit_date": date(2026, 3, 9)}, state(20, **BACK)]
    happened = happening_of(stay_on(told, date(2026, 3, 8)))
    assert happened.ending is not None
    assert happened.ending.on == date(2026, 3, 9)


def test_one_that_vanished_and_came_back_under_a_new_date_never_left() -> None:
    gone = state(3, "departed", exit_date=date(2026, 3, 3))
    told = [state(1), gone, state(6, stock_date=date(2026, 3, 6)), sold(12) | {"stock_date": date(2026, 3, 6)}]
    happened = happening_of(stay_on(told, date(2026, 3, 2)))
    assert happened.ending is not None
    assert (happened.ending.kind, happened.ending.on) == (Kind.SOLD, date(2026, 3, 12))


def test_a_sale_that_a_later_report_takes_back_parts_no_stays() -> None:
    relisted = state(14, stock_date=date(2026, 3, 14))
    told = [state(1), sold(10), relisted, state(15), sold(28)]
    happened = happening_of(stay_on(told, date(2026, 3, 20)))
    assert happened.ending is not None
    assert happened.ending.on == date(2026, 3, 28)
