"""The life of a vehicle: what each kind of report does to its state."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from services.inventory.domain import Change, Status, fold
from tests.unit.inventory.reported import KEY, NORTH, SOUTH, change, life_of, on, sold, stocked


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


def test_departed_vehicle_has_left_without_a_sale() -> None:
    life = life_of(stocked(), change(20, "vehicle.departed"))
    assert (life.vehicle.status, life.vehicle.exit_date, life.sales) == (Status.DEPARTED, on(20), ())


def test_departure_after_a_sale_is_no_news() -> None:
    life = life_of(stocked(), sold(18), change(20, "vehicle.departed"))
    assert (life.vehicle.status, life.vehicle.exit_date) == (Status.SOLD, on(18))


@pytest.mark.parametrize(
    "moved", [change(10, "vehicle.transferred", destination_dealer_id=SOUTH), stocked(10, dealer=SOUTH)]
)
def test_a_departure_told_late_by_the_rooftop_it_was_moved_from_is_no_news(moved: Change) -> None:
    life = life_of(stocked(), moved, change(11, "vehicle.departed", NORTH))
    assert (life.vehicle.dealer_id, life.vehicle.status, life.vehicle.exit_date) == (SOUTH, Status.IN_STOCK, None)
    assert life_of(stocked(), moved, change(11, "vehicle.departed", SOUTH)).vehicle.status is Status.DEPARTED


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
