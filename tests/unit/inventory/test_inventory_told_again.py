"""A sale that is told more than once: systems list a sold car for weeks, and its figures come in one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from services.inventory.domain import Status
from tests.unit.inventory.reported import SOUTH, change, life_of, on, sold, stocked

if TYPE_CHECKING:
    from services.inventory.domain import Change, Life


def lines(life: Life) -> list[tuple[date, Decimal | None, Decimal | None]]:
    return [(line.sale_date, line.sale_price, line.front_gross) for line in life.sales if line.unwound_on is None]


def listed_as_sold(day: int, **facts: Any) -> Change:
    return change(day, "vehicle.sold", **facts)


def test_a_car_listed_as_sold_for_weeks_was_sold_once_with_the_figures_of_its_report() -> None:
    nights = [listed_as_sold(day, cost=Decimal(17_000)) for day in (31, 33, 75)]
    life = life_of(stocked(), sold(30), *nights)
    assert lines(life) == [(on(30), Decimal(19_000), Decimal(2_000))]
    vehicle = life.vehicle
    assert (vehicle.exit_date, vehicle.sale_price, vehicle.front_gross) == (on(30), Decimal(19_000), Decimal(2_000))


def test_a_report_after_the_night_on_which_it_was_listed_as_sold_names_the_day() -> None:
    assert lines(life_of(stocked(), listed_as_sold(30), sold(31, sale_date=on(29)))) == [
        (on(29), Decimal(19_000), Decimal(2_000))
    ]


@pytest.mark.parametrize("night", [listed_as_sold(31), listed_as_sold(31, cost=Decimal(17_000))])
def test_an_undoing_finds_its_sale_though_the_car_was_listed_as_sold_after_it(night: Change) -> None:
    life = life_of(stocked(), sold(30), night, change(33, "vehicle.sale_unwound", sale_date=on(30)))
    assert (life.vehicle.status, life.vehicle.stock_date) == (Status.IN_STOCK, on(0))
    assert lines(life) == []


def test_figures_that_come_in_later_leave_those_that_stand() -> None:
    first = sold(30, sale_date=on(30), front_gross=Decimal(1_850), purchase_type="lease")
    life = life_of(stocked(), first, listed_as_sold(40, sale_date=on(30), back_gross=Decimal(1_200)))
    (line,) = life.sales
    assert (line.sale_price, line.front_gross, line.back_gross) == (Decimal(19_000), Decimal(1_850), Decimal(1_200))
    assert line.purchase_type == "lease"


def test_another_day_told_for_a_sale_corrects_it() -> None:
    assert lines(life_of(stocked(), sold(30), sold(32, sale_date=on(29)))) == [
        (on(29), Decimal(19_000), Decimal(2_000))
    ]


def test_a_gross_that_was_worked_out_follows_price_and_cost_and_one_that_was_stated_stands() -> None:
    cheaper = sold(40, sale_date=on(30), cost=Decimal(16_500))
    assert lines(life_of(stocked(), sold(30), cheaper))[0][2] == Decimal(2_500)
    assert lines(life_of(stocked(), sold(30, front_gross=Decimal(1_850)), cheaper))[0][2] == Decimal(1_850)
    dearer = sold(40, sale_date=on(30), sale_price=Decimal(19_400))
    assert lines(life_of(stocked(), sold(30, front_gross=Decimal(1_850)), dearer))[0][2] == Decimal(2_400)


def test_what_was_sold_to_the_trade_stays_so_until_it_is_told_otherwise() -> None:
    auctioned = sold(30, purchase_type="auction")
    assert life_of(stocked(), auctioned, listed_as_sold(31)).vehicle.status is Status.WHOLESALED
    retail = life_of(stocked(), auctioned, listed_as_sold(31, purchase_type="retail"))
    assert (retail.vehicle.status, retail.sales[0].wholesale) == (Status.SOLD, False)


@pytest.mark.parametrize(
    "other",
    [
        sold(200, sale_date=on(200)),
        sold(45, sale_date=on(45), stock_date=on(40)),
        sold(31, dealer=SOUTH, sale_date=on(31)),
    ],
)
def test_a_sale_far_off_after_another_arrival_or_by_a_sister_is_one_of_its_own(other: Change) -> None:
    assert [day for day, _, _ in lines(life_of(stocked(), sold(30), other))] == [on(30), other.facts["sale_date"]]


def of_file(day: int, filed: int, **facts: Any) -> Change:
    """Report a sale by a row of a file: at the end of its day, whenever the file came."""
    return change(day, "vehicle.sold", sale_date=on(day), filed_at=change(filed, "").at, **facts)


@pytest.mark.parametrize("day", [29, 30, 31])
def test_the_newer_file_holds_whichever_day_it_corrects_a_sale_to(day: int) -> None:
    wrong = of_file(30, 35, sale_price=Decimal(20_000), purchase_type="retail")
    right = of_file(day, 40, sale_price=Decimal(21_500))
    life = life_of(stocked(), wrong, right)
    assert lines(life) == [(on(day), Decimal(21_500), Decimal(4_500))]
    assert (life.vehicle.sale_date, life.vehicle.sale_price) == (on(day), Decimal(21_500))
    assert life.vehicle.purchase_type == "retail"
    back = change(45, "vehicle.stocked", stock_date=on(45))
    assert lines(life_of(stocked(), wrong, right, back))[0][:2] == (on(day), Decimal(21_500))


@pytest.mark.parametrize("day", [29, 31])
def test_what_the_newer_file_says_of_the_car_holds_and_what_it_leaves_out_stays(day: int) -> None:
    wrong = of_file(
        30, 35, sale_price=Decimal(20_000), cost=Decimal(12_000), odometer=99_999, stock_date=on(5),
        front_gross=Decimal(5_000),
    )  # fmt: skip
    right = of_file(day, 40, sale_price=Decimal(20_000), cost=Decimal(18_000), odometer=10, stock_date=on(1))
    vehicle = life_of(wrong, right).vehicle
    told = (vehicle.cost, vehicle.odometer, vehicle.stock_date, vehicle.front_gross)
    assert told == (Decimal(18_000), 10, on(1), Decimal(5_000))
    bare = life_of(wrong, of_file(day, 40)).vehicle
    assert (bare.cost, bare.sale_price, bare.front_gross) == (Decimal(12_000), Decimal(20_000), Decimal(5_000))
    listed = change(30, "vehicle.sold")
    assert life_of(wrong, listed, right).vehicle.sale_date == on(day)


def test_an_outdated_file_sends_no_car_to_the_trade_that_was_sold_at_retail() -> None:
    wrong = change(30, "vehicle.wholesaled", sale_date=on(30), filed_at=change(35, "").at)
    right = of_file(29, 40, purchase_type="retail")
    life = life_of(stocked(), wrong, right)
    assert (life.vehicle.status, [line.wholesale for line in life.sales]) == (Status.SOLD, [False])


@pytest.mark.parametrize("newest_first", [False, True])
def test_of_two_days_in_one_file_the_later_holds(newest_first: bool) -> None:
    rows = [of_file(22, 40, sale_price=Decimal(19_000)), of_file(30, 40, sale_price=Decimal(20_000))]
    assert lines(life_of(stocked(), *(reversed(rows) if newest_first else rows))) == [
        (on(30), Decimal(20_000), Decimal(3_000))
    ]


def test_a_report_that_was_held_up_does_not_overrule_a_later_one() -> None:
    held_up = replace(sold(30, sale_date=on(30)), received_at=change(50, "").at)
    assert lines(life_of(stocked(), held_up, sold(31, sale_date=on(30), sale_price=Decimal(18_000))))[0][1] == 18_000


def test_the_first_of_two_sales_told_again_leaves_the_second() -> None:
    twice = [stocked(), sold(30), stocked(40), sold(55, sale_price=Decimal(18_000))]
    for day in (30, 29):
        life = life_of(*twice, listed_as_sold(58, sale_date=on(day), back_gross=Decimal(900)))
        assert {(when, price) for when, price, _ in lines(life)} == {(on(day), 19_000), (on(55), 18_000)}
        assert life.vehicle.sale_date == on(55)
        undone = [*twice, listed_as_sold(58, sale_date=on(day)), change(60, "vehicle.sale_unwound", sale_date=on(55))]
        assert life_of(*undone).vehicle.status is Status.IN_STOCK


def test_another_day_told_once_the_car_is_back_corrects_the_sale_before() -> None:
    life = life_of(stocked(), sold(30), stocked(40), sold(41, sale_date=on(29)))
    assert lines(life) == [(on(29), Decimal(19_000), Decimal(2_000))]
    assert (life.vehicle.status, life.vehicle.stock_date) == (Status.IN_STOCK, on(40))


def test_costs_posted_after_the_sale_change_a_gross_that_was_worked_out() -> None:
    posted = change(35, "vehicle.updated", recon_cost=Decimal(500))
    for more in ([], [listed_as_sold(40)], [listed_as_sold(40), listed_as_sold(41)]):
        life = life_of(stocked(), sold(30), posted, *more)
        assert (life.vehicle.front_gross, lines(life)[0][2]) == (Decimal(1_500), Decimal(1_500))
        stated = life_of(stocked(), sold(30, front_gross=Decimal(2_000)), posted, *more)
        assert lines(stated)[0][2] == Decimal(2_000)


def test_a_stated_gross_stands_though_it_is_what_would_be_worked_out() -> None:
    night = listed_as_sold(40, cost=Decimal(16_500))
    assert lines(life_of(stocked(), sold(30, front_gross=Decimal(2_000)), night))[0][2] == Decimal(2_000)


def test_a_departure_told_again_leaves_its_first_day() -> None:
    gone = [change(day, "vehicle.departed") for day in (20, 21, 38)]
    life = life_of(stocked(), *gone)
    assert life.vehicle.exit_date == on(20)
    assert life_of(stocked(), *gone, change(40, "vehicle.stocked")).vehicle.stock_date == on(40)


def test_an_invoice_is_the_cost_only_where_no_other_is_known() -> None:
    told = sold(30, invoice=Decimal(18_200))
    assert life_of(stocked(recon_cost=Decimal(600)), told).vehicle.front_gross == Decimal(1_400)
    invoiced = change(0, "vehicle.stocked", invoice=Decimal(18_200))
    assert life_of(invoiced, sold(30)).vehicle.front_gross == Decimal(800)
    corrected = change(9, "vehicle.updated", invoice=Decimal(18_000))
    assert life_of(invoiced, corrected).vehicle.cost == Decimal(18_000)


@pytest.mark.parametrize("told", [change(50, "vehicle.stocked", stock_date=on(50)), change(61, "vehicle.stocked")])
def test_a_trade_in_has_a_cost_of_its_own(told: Change) -> None:
    before = stocked(recon_cost=Decimal(600)), sold(30)
    paid = sold(90, sale_price=Decimal(11_000))
    assert life_of(*before, told, paid).sales[-1].front_gross is None
    bought = replace(told, facts={**told.facts, "cost": Decimal(9_000)})
    assert life_of(*before, bought, paid).sales[-1].front_gross == Decimal(2_000)


@pytest.mark.parametrize("told", [{}, {"stock_date": on(0)}])
def test_a_car_that_is_back_within_weeks_without_another_first_day_keeps_its_cost(told: dict[str, Any]) -> None:
    life = life_of(stocked(), sold(30), change(40, "vehicle.stocked", **told))
    assert (life.vehicle.status, life.vehicle.cost) == (Status.IN_STOCK, Decimal(17_000))


def test_a_car_that_had_only_vanished_goes_on_as_it_was() -> None:
    asked = stocked(list_price=Decimal(19_900))
    back = change(55, "vehicle.stocked", stock_date=on(0))
    vehicle = life_of(asked, change(20, "vehicle.departed"), back).vehicle
    assert (vehicle.stock_date, vehicle.cost, vehicle.list_price) == (on(0), Decimal(17_000), Decimal(19_900))
    assert vehicle.price_history == ((on(0), Decimal(19_900)),)


def test_another_stay_begins_without_the_price_and_shoppers_of_the_last() -> None:
    asked = stocked(list_price=Decimal(19_900))
    back = change(61, "vehicle.stocked", stock_date=on(61))
    vehicle = life_of(asked, change(5, "engagement.daily", leads=4), sold(30), back).vehicle
    assert (vehicle.list_price, vehicle.priced_on, vehicle.leads) == (None, None, None)
    priced = life_of(asked, sold(30), change(61, "vehicle.stocked", list_price=Decimal(12_900))).vehicle
    assert (priced.list_price, priced.priced_on) == (Decimal(12_900), None)


def test_the_day_of_a_report_is_the_rooftops() -> None:
    evening = change(30, "vehicle.sold", reported_on=on(29))
    assert life_of(stocked(), evening).vehicle.sale_date == on(29)
    assert life_of(stocked(), evening.bare("vehicle.departed")).vehicle.exit_date == on(29)
