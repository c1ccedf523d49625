"""Where stays of one vehicle meet: sisters that go on telling of it, sales undone late, costs of the stay before."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from services.inventory.domain import Status, fold, is_late, refold
from tests.unit.inventory.reported import KEY, NORTH, SOUTH, change, life_of, on, sold, stocked

if TYPE_CHECKING:
    from services.inventory.domain import Change, Life

ASKED = stocked(list_price=Decimal(19_900))


def lines(life: Life) -> set[tuple[date, Decimal | None, Decimal | None]]:
    return {(line.sale_date, line.sale_price, line.front_gross) for line in life.sales if line.unwound_on is None}


def one_by_one(*changes: Change) -> Life:
    """Fold reports as they come in, one a batch."""
    life, known = fold(KEY, None, changes[:1]), list(changes[:1])
    for each in changes[1:]:
        life = refold(KEY, known, [each]) if is_late(life, [each]) else fold(KEY, life, [each])
        known.append(each)
    return life


@pytest.mark.parametrize("there", [(), (sold(45, dealer=SOUTH),)])
def test_a_sister_that_lists_a_car_as_sold_for_weeks_does_not_take_it_back(there: tuple[Change, ...]) -> None:
    bought = change(33, "vehicle.stocked", SOUTH, stock_date=on(33), cost=Decimal(18_000))
    so_far = [stocked(), sold(30), bought, *there]
    life, before = life_of(*so_far, change(46, "vehicle.sold")), life_of(*so_far)
    assert life.vehicle.dealer_id == SOUTH
    assert (life.vehicle.status, lines(life)) == (before.vehicle.status, lines(before))


def test_a_sister_that_bought_it_back_sells_it_again() -> None:
    bought = change(33, "vehicle.stocked", SOUTH, stock_date=on(33), cost=Decimal(18_000))
    life = life_of(stocked(), sold(30), bought, sold(50, stock_date=on(40)))
    assert (life.vehicle.dealer_id, {line.dealer_id for line in life.sales}) == (NORTH, {NORTH})
    assert {day for day, _, _ in lines(life)} == {on(30), on(50)}


@pytest.mark.parametrize("fold_all", [life_of, one_by_one])
def test_a_sale_undone_once_the_car_is_back_under_a_new_day_leaves_it_what_it_had(fold_all: Any) -> None:
    back = change(33, "vehicle.stocked", stock_date=on(33))
    undone = change(34, "vehicle.sale_unwound", sale_date=on(30))
    life = fold_all(ASKED, sold(30), back, undone)
    vehicle = life.vehicle
    assert (vehicle.stock_date, vehicle.cost, vehicle.list_price) == (on(0), Decimal(17_000), Decimal(19_900))
    assert vehicle.price_history == ((on(0), Decimal(19_900)),)
    resold = sold(40, sale_price=Decimal(18_500))
    assert lines(fold_all(ASKED, sold(30), back, undone, resold)) == {(on(40), Decimal(18_500), Decimal(1_500))}
    late = change(41, "vehicle.sale_unwound", sale_date=on(30))
    assert lines(fold_all(ASKED, sold(30), back, resold, late)) == {(on(40), Decimal(18_500), Decimal(1_500))}


@pytest.mark.parametrize(
    "again",
    [
        (sold(200, sale_price=Decimal(11_000)),),
        (sold(45, sale_price=Decimal(11_000), stock_date=on(40)),),
        (
            change(90, "vehicle.transferred", destination_dealer_id=SOUTH),
            sold(95, dealer=SOUTH, sale_price=Decimal(11_000)),
        ),
    ],
)
def test_a_stay_known_by_its_end_alone_is_not_charged_what_the_last_one_cost(again: tuple[Change, ...]) -> None:
    assert life_of(stocked(), sold(30), *again).sales[-1].front_gross is None


def test_a_transfer_to_where_a_car_was_sold_long_ago_changes_nothing() -> None:
    echo = change(96, "vehicle.transferred", SOUTH, destination_dealer_id=NORTH)
    vehicle = life_of(ASKED, sold(30), echo).vehicle
    assert (vehicle.status, vehicle.cost, vehicle.list_price) == (Status.SOLD, Decimal(17_000), Decimal(19_900))


def test_the_day_of_the_second_sale_told_before_its_stay_leaves_the_first() -> None:
    life = life_of(
        stocked(),
        sold(30),
        stocked(50),
        sold(51, sale_price=Decimal(16_000)),
        change(52, "vehicle.sold", sale_date=on(49)),
    )
    assert {(day, price) for day, price, _ in lines(life)} == {(on(30), 19_000), (on(49), 16_000)}


@pytest.mark.parametrize(
    "told",
    [
        change(35, "vehicle.updated", SOUTH, cost=Decimal(9_000)),
        change(35, "vehicle.updated", cost=Decimal(9_000), stock_date=on(34)),
    ],
)
def test_what_was_paid_elsewhere_or_for_a_later_stay_is_not_what_a_sold_car_had_cost(told: Change) -> None:
    life = life_of(stocked(), sold(30), told)
    assert (life.vehicle.cost, life.vehicle.front_gross) == (Decimal(17_000), Decimal(2_000))


def test_a_gross_stated_before_its_price_stands_when_that_is_told() -> None:
    first = change(30, "vehicle.sold", front_gross=Decimal(1_500))
    assert lines(life_of(stocked(), first, sold(31))) == {(on(30), Decimal(19_000), Decimal(1_500))}


def test_another_price_of_an_earlier_sale_moves_the_gross_that_was_worked_out() -> None:
    cheaper = sold(60, sale_date=on(30), sale_price=Decimal(18_000))
    assert lines(life_of(stocked(), sold(30), stocked(40), cheaper)) == {(on(30), Decimal(18_000), Decimal(1_000))}
    stated = sold(30, front_gross=Decimal(1_850))
    assert lines(life_of(stocked(), stated, stocked(40), cheaper)) == {(on(30), Decimal(18_000), Decimal(1_850))}
