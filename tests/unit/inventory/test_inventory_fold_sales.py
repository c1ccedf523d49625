"""What sales, and their undoing, do to a vehicle and to the sales ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from services.inventory.domain import Change, Status
from tests.unit.inventory.reported import NORTH, SOUTH, change, life_of, on, sold, stocked


def test_sale_leaves_a_line_with_the_gross_worked_out() -> None:
    life = life_of(stocked(recon_cost=Decimal(600)), sold(30, back_gross=Decimal(1_100)))
    assert life.vehicle.status is Status.SOLD
    assert (life.vehicle.sale_date, life.vehicle.exit_date) == (on(30), on(30))
    assert life.vehicle.front_gross == Decimal(19_000) - Decimal(17_000) - Decimal(600)
    (line,) = life.sales
    assert (line.dealer_id, line.front_gross, line.back_gross) == (NORTH, Decimal(1_400), Decimal(1_100))


def test_stated_gross_wins_over_the_computed_one() -> None:
    assert life_of(stocked(), sold(3, front_gross=Decimal(-75))).sales[0].front_gross == Decimal(-75)


def test_gross_is_unknown_without_a_cost() -> None:
    assert life_of(sold(3)).sales[0].front_gross is None


def test_sale_reported_again_corrects_its_line() -> None:
    life = life_of(stocked(), sold(30, sale_date=on(29)), sold(31, sale_date=on(29), sale_price=Decimal(19_200)))
    (line,) = life.sales
    assert (line.sale_price, line.front_gross) == (Decimal(19_200), Decimal(2_200))
    assert life.vehicle.sale_price == Decimal(19_200)


def test_two_sales_of_one_vehicle_are_two_lines() -> None:
    life = life_of(stocked(), sold(30), stocked(200), sold(220))
    assert [line.sale_date for line in life.sales] == [on(30), on(220)]
    assert (life.vehicle.stock_date, life.vehicle.group_stock_date) == (on(200), on(200))


def test_unwind_restores_the_vehicle_and_marks_the_line() -> None:
    life = life_of(stocked(), sold(30), change(34, "vehicle.sale_unwound"))
    vehicle = life.vehicle
    assert (vehicle.status, vehicle.stock_date, vehicle.group_stock_date) == (Status.IN_STOCK, on(0), on(0))
    left = (vehicle.sale_date, vehicle.sale_price, vehicle.front_gross, vehicle.exit_date, vehicle.purchase_type)
    assert left == (None,) * 5
    assert [line.unwound_on for line in life.sales] == [on(34)]


def test_sale_after_an_unwind_is_a_line_of_its_own() -> None:
    life = life_of(stocked(), sold(30), change(34, "vehicle.sale_unwound"), sold(35, sale_date=on(30)))
    assert [line.unwound_on for line in life.sales] == [on(34), None]
    assert life.vehicle.status is Status.SOLD


@pytest.mark.parametrize(("reported", "since"), [(on(0), on(40)), (on(20), on(21)), (None, on(40))])
def test_a_sale_stands_though_the_car_is_stocked_again_under_a_day_before_it(
    reported: date | None, since: date
) -> None:
    life = life_of(
        stocked(), sold(20), stocked(40, stock_date=reported), change(41, "vehicle.updated", stock_date=on(0))
    )
    assert (life.vehicle.stock_date, life.vehicle.group_stock_date) == (since, since)
    assert [(one.vehicle.exit_date, one.followed_on) for one in life.ended] == [(on(20), since)]
    assert [sale.unwound_on for sale in life.sales] == [None]


def undone(day: int, dealer: UUID = NORTH, **facts: Any) -> Change:
    return change(day, "vehicle.sale_unwound", dealer, **facts)


@pytest.mark.parametrize("told", [undone(41), undone(90, sale_date=on(20))])
def test_an_undoing_that_is_told_when_the_car_is_back_already_joins_its_stays(told: Change) -> None:
    life = life_of(stocked(), sold(20, sale_date=on(20)), stocked(40, stock_date=on(0)), told)
    assert (life.vehicle.stock_date, life.vehicle.group_stock_date, life.vehicle.status) == (
        on(0),
        on(0),
        Status.IN_STOCK,
    )
    assert [sale.unwound_on for sale in life.sales] == [told.on]


@pytest.mark.parametrize("told", [undone(90), undone(41, sale_date=on(30))])
def test_an_undoing_of_another_sale_leaves_the_one_that_stands(told: Change) -> None:
    life = life_of(stocked(), sold(20, sale_date=on(20)), stocked(40), told)
    assert (life.vehicle.stock_date, [sale.unwound_on for sale in life.sales]) == (on(40), [None])


def test_stocked_again_on_the_day_of_its_sale_it_stays_from_the_next() -> None:
    life = life_of(stocked(), sold(20, sale_date=on(20)), change(20, "vehicle.stocked", stock_date=on(20), leads=1))
    assert (life.vehicle.status, life.vehicle.stock_date, len(life.ended)) == (Status.IN_STOCK, on(21), 1)


def test_a_sale_told_with_the_first_stay_s_day_ends_the_second_stay() -> None:
    life = life_of(stocked(), sold(20), stocked(40), sold(60, stock_date=on(0)), sold(60, stock_date=on(41)))
    assert (life.vehicle.stock_date, life.vehicle.sale_date) == (on(41), on(60))
    assert [(sale.stock_date, sale.sale_date) for sale in life.sales] == [(on(0), on(20)), (on(41), on(60))]


def test_a_sister_store_may_sell_a_car_on_the_day_on_which_it_got_it() -> None:
    changes = [
        stocked(),
        sold(20),
        change(20, "vehicle.stocked", SOUTH, stock_date=on(20)),
        change(20, "vehicle.sold", SOUTH, sale_price=Decimal(21_000)),
    ]
    life = life_of(*(replace(one, at=one.at + timedelta(hours=n)) for n, one in enumerate(changes)))
    assert (life.vehicle.dealer_id, life.vehicle.stock_date, life.vehicle.exit_date) == (SOUTH, on(20), on(20))


def test_figures_told_later_of_an_earlier_sale_correct_its_line_and_leave_the_present_stay() -> None:
    life = life_of(stocked(), sold(20), stocked(40), sold(45, sale_date=on(20), sale_price=Decimal(18_500)))
    assert (life.vehicle.status, life.vehicle.stock_date) == (Status.IN_STOCK, on(40))
    assert [(sale.sale_date, sale.sale_price) for sale in life.sales] == [(on(20), Decimal(18_500))]


def test_an_undoing_that_names_an_earlier_sale_leaves_the_later_one() -> None:
    life = life_of(stocked(), sold(20), stocked(24), sold(30), undone(31, sale_date=on(20)))
    assert (life.vehicle.status, life.vehicle.stock_date, life.vehicle.exit_date) == (Status.SOLD, on(0), on(30))
    assert [(s.sale_date, s.stock_date, s.unwound_on) for s in life.sales] == [
        (on(20), on(0), on(31)), (on(30), on(0), None),
    ]  # fmt: skip
    assert life.ended == ()


@pytest.mark.parametrize(
    "after",
    [
        (undone(41), undone(42)),
        (undone(41), stocked(43), undone(44)),
        (undone(41, sale_date=on(40)), undone(42, sale_date=on(40))),
    ],
)
def test_an_undoing_told_twice_undoes_one_sale(after: tuple[Change, ...]) -> None:
    life = life_of(stocked(), sold(20), stocked(30), sold(40), *after)
    assert [(sale.sale_date, sale.unwound_on) for sale in life.sales] == [(on(20), None), (on(40), on(41))]


def test_an_undoing_of_one_sale_told_again_after_the_next_sale_leaves_that() -> None:
    life = life_of(stocked(), sold(20), undone(21, sale_date=on(20)), sold(30), undone(31, sale_date=on(20)))
    assert (life.vehicle.status, life.vehicle.exit_date) == (Status.SOLD, on(30))


def test_the_present_stay_is_not_described_by_a_sale_of_the_one_before() -> None:
    again = change(45, "vehicle.wholesaled", sale_date=on(20), purchase_type="auction", cost=Decimal(90))
    life = life_of(stocked(), sold(20), stocked(40), again)
    assert life.vehicle.cost == Decimal(17_000)
    assert [(sale.wholesale, sale.purchase_type) for sale in life.sales] == [(True, "auction")]


def test_nothing_is_concluded_of_a_sale_far_ahead() -> None:
    life = life_of(stocked(), sold(20, sale_date=on(200)), stocked(40))
    assert (life.vehicle.status, life.vehicle.stock_date) == (Status.IN_STOCK, on(40))


def test_unwind_of_what_was_not_sold_changes_nothing() -> None:
    assert life_of(stocked(), change(3, "vehicle.sale_unwound")).vehicle.status is Status.IN_STOCK


@pytest.mark.parametrize("purchase_type", ["wholesale", "Wholesale", " AUCTION "])
def test_sale_to_the_trade_is_wholesale(purchase_type: str) -> None:
    life = life_of(stocked(), sold(60, purchase_type=purchase_type))
    assert (life.vehicle.status, life.sales[0].wholesale) == (Status.WHOLESALED, True)


@pytest.mark.parametrize("purchase_type", [None, "cash", "lease", "retail"])
def test_other_sales_are_retail(purchase_type: str | None) -> None:
    life = life_of(stocked(), sold(60, purchase_type=purchase_type))
    assert (life.vehicle.status, life.sales[0].wholesale) == (Status.SOLD, False)


def test_wholesaled_needs_no_purchase_type() -> None:
    life = life_of(stocked(), change(60, "vehicle.wholesaled", sale_price=Decimal(15_500)))
    assert (life.vehicle.status, life.sales[0].front_gross) == (Status.WHOLESALED, Decimal(-1_500))
