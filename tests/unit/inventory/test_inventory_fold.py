"""The life of a vehicle: what each kind of report does to its state and to the sales ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest

from services.inventory.domain import Change, Life, Status, fold

NORTH, SOUTH = UUID(int=1), UUID(int=2)
KEY = "1M8GDM9AXKP042788"
DAY_0 = date(2026, 3, 2)


def on(day: int) -> date:
    return DAY_0 + timedelta(days=day)


def change(day: int, kind: str, dealer: UUID = NORTH, **facts: Any) -> Change:
    at = datetime(DAY_0.year, DAY_0.month, DAY_0.day, 15, tzinfo=UTC) + timedelta(days=day)
    return Change(uuid5(UUID(int=0), f"{day} {kind} {facts}"), at, kind, dealer, facts, at)


def stocked(day: int = 0, **facts: Any) -> Change:
    return change(day, "vehicle.stocked", **{"stock_date": on(day), "cost": Decimal(17_000), **facts})


def sold(day: int, **facts: Any) -> Change:
    return change(day, "vehicle.sold", **{"sale_price": Decimal(19_000), **facts})


def life_of(*changes: Change) -> Life:
    return fold(KEY, None, changes)


def test_stocked_vehicle_is_in_stock_since_the_reported_day() -> None:
    vehicle = life_of(stocked(5, stock_date=on(2), make="Audi", model="Q3", list_price=Decimal(20_000))).vehicle
    assert (vehicle.status, vehicle.dealer_id) == (Status.IN_STOCK, NORTH)
    assert (vehicle.stock_date, vehicle.group_stock_date) == (on(2), on(2))
    assert (vehicle.make, vehicle.list_price, vehicle.priced_on) == ("Audi", Decimal(20_000), None)


def test_stocked_without_a_stock_date_counts_from_the_report() -> None:
    assert life_of(change(3, "vehicle.stocked")).vehicle.stock_date == on(3)


def test_update_changes_only_what_it_states() -> None:
    vehicle = life_of(stocked(make="Audi", odometer=51_000), change(1, "vehicle.updated", odometer=51_040)).vehicle
    assert (vehicle.make, vehicle.odometer, vehicle.cost) == ("Audi", 51_040, Decimal(17_000))


def test_update_corrects_the_stock_date() -> None:
    vehicle = life_of(stocked(10), change(11, "vehicle.updated", stock_date=on(12))).vehicle
    assert (vehicle.stock_date, vehicle.group_stock_date) == (on(12), on(12))
    unknown = life_of(change(5, "vehicle.updated", stock_date=on(2))).vehicle
    assert (unknown.stock_date, unknown.group_stock_date) == (on(2), on(2))


def test_correcting_the_stock_date_of_a_moved_vehicle_keeps_its_group_age() -> None:
    moved = (stocked(), change(40, "vehicle.transferred", destination_dealer_id=SOUTH))
    vehicle = life_of(*moved, change(45, "vehicle.updated", SOUTH, stock_date=on(42))).vehicle
    assert (vehicle.stock_date, vehicle.group_stock_date) == (on(42), on(0))


def test_update_of_a_sold_vehicle_leaves_its_dates() -> None:
    vehicle = life_of(stocked(), sold(30), change(31, "vehicle.updated", stock_date=on(31))).vehicle
    assert (vehicle.stock_date, vehicle.group_stock_date) == (on(0), on(0))


@pytest.mark.parametrize("kind", ["vehicle.priced", "vehicle.updated"])
def test_price_move_is_dated_only_when_the_price_changes(kind: str) -> None:
    first = (stocked(), change(1, kind, list_price=Decimal(20_000)))
    assert life_of(*first).vehicle.priced_on is None
    same = change(5, kind, list_price=Decimal("20000.00"))
    assert life_of(*first, same).vehicle.priced_on is None
    moved = life_of(*first, same, change(8, kind, list_price=Decimal(19_500))).vehicle
    assert (moved.list_price, moved.priced_on) == (Decimal(19_500), on(8))


def test_asking_prices_of_a_stay_are_kept_with_the_day_from_which_each_is_known() -> None:
    def priced(day: int, price: str, dealer: UUID = NORTH) -> Change:
        return change(day, "vehicle.priced", dealer, list_price=Decimal(price))

    first = (stocked(3, stock_date=on(0), list_price=Decimal(20_000)), priced(5, "20000.00"), priced(9, "19500"))
    asked = ((on(3), Decimal(20_000)), (on(9), Decimal(19_500)))
    assert life_of(*first).vehicle.price_history == asked
    moved = (*first, change(12, "vehicle.transferred", destination_dealer_id=SOUTH))
    assert life_of(*moved).vehicle.price_history == asked, "its stay at the group goes on"
    twice = priced(20, "19100", SOUTH), priced(20, "18900", SOUTH)
    (day, last) = life_of(*moved, *twice).vehicle.price_history[-1]
    assert (day, last in {Decimal(19_100), Decimal(18_900)}) == (on(20), True), "of one day one price"
    assert life_of(*first, priced(10, "0")).vehicle.price_history == asked, "zero is no price"


def test_a_price_is_known_from_the_day_that_is_told_with_it() -> None:
    """A first snapshot tells of a vehicle from its stock date on, and of its price as of now."""
    seen = stocked(0, list_price=Decimal(20_000), priced_on=on(70))
    cut = change(75, "vehicle.priced", list_price=Decimal(19_500))
    vehicle = life_of(seen, cut).vehicle
    assert vehicle.price_history == ((on(70), Decimal(20_000)), (on(75), Decimal(19_500)))
    assert life_of(seen).vehicle.priced_on is None, "the first price is no move"
    filled_in = change(40, "vehicle.priced", list_price=Decimal(21_000))
    older = change(80, "vehicle.priced", list_price=Decimal(19_000), priced_on=on(2))
    assert life_of(seen, filled_in, cut, older).vehicle.price_history == vehicle.price_history
    assert life_of(seen, filled_in).vehicle.list_price == Decimal(20_000), "what is known of day 70 stands"


def test_a_price_told_with_the_sale_is_none_that_was_asked() -> None:
    vehicle = life_of(stocked(list_price=Decimal(20_000)), sold(30, list_price=Decimal(18_900))).vehicle
    asked = ((on(0), Decimal(20_000)),)
    assert (vehicle.list_price, vehicle.price_history) == (Decimal(20_000), asked)
    told_later = change(31, "vehicle.updated", list_price=Decimal(18_500))
    undone = change(35, "vehicle.sale_unwound")
    again = change(36, "vehicle.updated", list_price=Decimal(20_000))
    back = life_of(
        stocked(list_price=Decimal(20_000)), sold(30, list_price=Decimal(18_900)), told_later, undone, again
    )
    assert (back.vehicle.price_history, back.vehicle.priced_on) == (asked, None)
    only = life_of(sold(30, list_price=Decimal(18_900))).vehicle
    assert (only.list_price, only.price_history) == (Decimal(18_900), ())


def test_a_new_stay_begins_a_new_price_history() -> None:
    before = (stocked(list_price=Decimal(20_000)), sold(30))
    assert life_of(*before, stocked(90)).vehicle.price_history == ()
    again = life_of(*before, stocked(90, list_price=Decimal(20_000))).vehicle
    assert again.price_history == ((on(90), Decimal(20_000)),)
    later = life_of(*before, stocked(90), change(95, "vehicle.priced", list_price=Decimal(20_000))).vehicle
    assert later.price_history == ((on(95), Decimal(20_000)),)
    gone = change(40, "vehicle.departed")
    back = life_of(stocked(list_price=Decimal(20_000)), gone, stocked(45, stock_date=None)).vehicle
    assert back.price_history == ((on(0), Decimal(20_000)),), "it never left"


def test_a_price_history_has_a_limit_and_keeps_the_newest() -> None:
    moves = [change(day, "vehicle.priced", list_price=Decimal(30_000 - day)) for day in range(1, 100)]
    history = life_of(stocked(), *moves).vehicle.price_history
    assert (len(history), history[-1]) == (60, (on(99), Decimal(29_901)))


def test_transfer_keeps_group_age_and_starts_store_age() -> None:
    vehicle = life_of(stocked(), change(40, "vehicle.transferred", destination_dealer_id=SOUTH)).vehicle
    assert (vehicle.dealer_id, vehicle.previous_dealer_id) == (SOUTH, NORTH)
    assert (vehicle.stock_date, vehicle.group_stock_date) == (on(40), on(0))


def test_transfer_back_and_forth_keeps_the_first_group_day() -> None:
    there = change(10, "vehicle.transferred", destination_dealer_id=SOUTH)
    back = change(20, "vehicle.transferred", SOUTH, destination_dealer_id=NORTH)
    vehicle = life_of(stocked(), there, back).vehicle
    assert (vehicle.dealer_id, vehicle.stock_date, vehicle.group_stock_date) == (NORTH, on(20), on(0))


def test_transfer_to_where_it_stands_changes_nothing() -> None:
    vehicle = life_of(stocked(), change(9, "vehicle.transferred", destination_dealer_id=NORTH)).vehicle
    assert (vehicle.stock_date, vehicle.previous_dealer_id) == (on(0), None)


def test_stocking_at_a_sister_store_is_a_move_there() -> None:
    """Some systems report no transfer, only the arrival."""
    vehicle = life_of(stocked(), change(30, "vehicle.stocked", SOUTH)).vehicle
    assert (vehicle.dealer_id, vehicle.previous_dealer_id) == (SOUTH, NORTH)
    assert (vehicle.stock_date, vehicle.group_stock_date) == (on(30), on(0))


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


def test_departed_vehicle_has_left_without_a_sale() -> None:
    life = life_of(stocked(), change(20, "vehicle.departed"))
    assert (life.vehicle.status, life.vehicle.exit_date, life.sales) == (Status.DEPARTED, on(20), ())


def test_departure_after_a_sale_is_no_news() -> None:
    life = life_of(stocked(), sold(18), change(20, "vehicle.departed"))
    assert (life.vehicle.status, life.vehicle.exit_date) == (Status.SOLD, on(18))


@pytest.mark.parametrize(("away", "since"), [(1, on(0)), (14, on(0)), (15, on(35))])
def test_return_within_fourteen_days_keeps_the_stay(away: int, since: date) -> None:
    life = life_of(stocked(), change(20, "vehicle.departed"), change(20 + away, "vehicle.stocked"))
    vehicle = life.vehicle
    assert (vehicle.status, vehicle.exit_date) == (Status.IN_STOCK, None)
    assert (vehicle.stock_date, vehicle.group_stock_date) == (since, since)


def test_order_is_placed_and_received() -> None:
    placed = change(0, "order.placed", quantity=1, expected_date=on(50))
    assert (life_of(placed).vehicle.status, life_of(placed).vehicle.stock_date) == (Status.ON_ORDER, None)
    vehicle = life_of(placed, change(52, "order.received")).vehicle
    assert (vehicle.status, vehicle.stock_date, vehicle.expected_date) == (Status.IN_STOCK, on(52), on(50))


def test_order_reported_after_the_vehicle_stands_here_changes_no_status() -> None:
    assert life_of(stocked(), change(1, "order.placed")).vehicle.status is Status.IN_STOCK


def test_each_fulfilment_takes_a_unit_off_an_order_until_it_is_done() -> None:
    placed = change(0, "order.placed", quantity=2)
    once = life_of(placed, change(40, "order.fulfilled"))
    assert (once.vehicle.status, once.vehicle.quantity) == (Status.ON_ORDER, 1)
    twice = life_of(placed, change(40, "order.fulfilled"), change(41, "order.fulfilled"))
    assert (twice.vehicle.status, twice.vehicle.exit_date) == (Status.DEPARTED, on(41))


def test_engagement_counts_leads_and_nothing_else() -> None:
    vehicle = life_of(stocked(), change(4, "engagement.daily", leads=3, detail_views=70)).vehicle
    assert (vehicle.leads, vehicle.status) == (3, Status.IN_STOCK)
    assert life_of(stocked(), change(4, "engagement.daily", detail_views=70)).vehicle.leads is None


def test_nothing_reported_is_no_vehicle() -> None:
    with pytest.raises(ValueError, match="nothing to fold"):
        fold(KEY, None, [])
