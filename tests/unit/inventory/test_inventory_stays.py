"""A vehicle that comes, leaves and comes again: each stay that ended within one fold is told of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain import Status, fold
from tests.unit.inventory.reported import KEY, NORTH, SOUTH, change, life_of, on, sold, stocked

if TYPE_CHECKING:
    from services.inventory.domain import Change, Life, Vehicle


def told(vehicle: Vehicle) -> tuple[object, ...]:
    return vehicle.dealer_id, vehicle.status, vehicle.stock_date, vehicle.exit_date


def vehicles(life: Life) -> list[Vehicle]:
    return [one.vehicle for one in life.ended]


def test_a_sale_before_a_trade_in_is_told_of() -> None:
    life = life_of(stocked(), sold(3), stocked(40))
    assert [told(one) for one in vehicles(life)] == [(NORTH, Status.SOLD, on(0), on(3))]
    assert [one.followed_on for one in life.ended] == [on(40)]
    assert told(life.vehicle) == (NORTH, Status.IN_STOCK, on(40), None)


def test_two_sales_and_a_car_that_vanished_are_each_told_of() -> None:
    gone = change(50, "vehicle.departed")
    life = life_of(stocked(), sold(3), stocked(40), gone, stocked(90), sold(95, stock_date=on(90)))
    assert [told(one)[1:] for one in vehicles(life)] == [
        (Status.SOLD, on(0), on(3)),
        (Status.DEPARTED, on(40), on(50)),
    ]
    assert life.vehicle.status is Status.SOLD


def test_a_sale_undone_or_corrected_and_a_car_that_was_back_at_once_end_no_stay() -> None:
    undone = change(4, "vehicle.sale_unwound")
    assert life_of(stocked(), sold(3), undone).ended == ()
    assert life_of(stocked(), sold(3), sold(3, sale_price=None)).ended == ()
    back = change(6, "vehicle.stocked")
    assert life_of(stocked(), change(3, "vehicle.departed"), back).ended == ()


def test_a_stay_at_a_sister_store_is_told_of() -> None:
    moved = change(9, "vehicle.transferred", destination_dealer_id=SOUTH)
    assert [told(one) for one in vehicles(life_of(stocked(), moved))] == [(NORTH, Status.IN_STOCK, on(0), None)]


def test_what_was_known_before_is_not_told_again() -> None:
    before = life_of(stocked(), sold(3))
    assert fold(KEY, before, [stocked(40)]).ended == ()


def test_a_sale_undone_before_the_car_was_stocked_anew_is_told_as_undone() -> None:
    known = life_of(stocked(), sold(3))
    life = fold(KEY, known, [change(4, "vehicle.sale_unwound"), stocked(12)])
    assert [told(one) for one in vehicles(life)] == [(NORTH, Status.IN_STOCK, on(0), None)]
    assert [one.followed_on for one in life.ended] == [on(12)]


def test_a_stay_between_has_the_one_before_it_told_once_more() -> None:
    there, back = (change(n, "vehicle.transferred", destination_dealer_id=to) for n, to in ((9, SOUTH), (20, NORTH)))
    life = fold(KEY, life_of(stocked()), [there, back])
    assert [told(one)[0] for one in vehicles(life)] == [NORTH, SOUTH]


@st.composite
def reports(draw: st.DrawFn) -> list[Change]:
    day, many = 0, []
    for _ in range(draw(st.integers(1, 5))):
        many.append(stocked(day, dealer=draw(st.sampled_from((NORTH, SOUTH)))))
        many.append(sold(day + draw(st.integers(1, 20)), dealer=many[-1].dealer_id))
        day += draw(st.integers(25, 90))
    return many


@given(reports(), st.data())
def test_sales_are_told_of_however_reports_are_batched(many: list[Change], data: st.DataObject) -> None:
    sales, life, left = set(), None, list(many)
    while left:
        size = data.draw(st.integers(1, len(left)))
        batch, left = left[:size], left[size:]
        life = fold(KEY, life and replace(life, ended=()), batch)
        sales |= {told(one) for one in (*vehicles(life), life.vehicle) if one.status is Status.SOLD}
    assert len(sales) == len(many) / 2
