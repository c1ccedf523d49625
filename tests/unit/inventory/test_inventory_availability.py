"""Whether a vehicle in stock is for sale, promised to a customer, or held, over its life."""

from __future__ import annotations

import pytest
from reported import NORTH, SOUTH, change, life_of, on, sold, stocked

from services.inventory.domain import Change


def test_what_was_told_last_holds_until_something_else_is_told() -> None:
    reports = [stocked(), change(1, "vehicle.updated", availability="pending"), change(2, "vehicle.priced")]
    assert life_of(*reports).vehicle.availability == "pending"
    assert life_of(*reports, stocked(3, stock_date=None)).vehicle.availability == "pending"
    assert (
        life_of(*reports, change(3, "vehicle.updated", availability="available")).vehicle.availability == "available"
    )


@pytest.mark.parametrize(
    "later",
    [
        pytest.param([sold(3)], id="who it was promised to has it"),
        pytest.param([sold(3), change(4, "vehicle.sale_unwound")], id="and has not taken it"),
        pytest.param([sold(3), stocked(40)], id="it was traded in"),
        pytest.param([change(3, "vehicle.departed"), stocked(40)], id="it came back after it had gone"),
        pytest.param([change(3, "vehicle.wholesaled")], id="it went to the lane"),
        pytest.param([sold(3, availability="pending")], id="told with the sale"),
    ],
)
def test_a_promise_ends_with_the_stay(later: list[Change]) -> None:
    reserved = change(1, "vehicle.updated", availability="pending")
    assert life_of(stocked(), reserved, *later).vehicle.availability is None


def test_a_hold_told_as_a_vehicle_comes_is_of_its_new_stay() -> None:
    back = life_of(stocked(), sold(3), stocked(40, availability="held")).vehicle
    assert (back.availability, back.stock_date) == ("held", on(40))


def test_a_promise_goes_with_a_vehicle_to_a_sister_store_and_from_order_to_lot() -> None:
    ordered = change(0, "order.placed", availability="pending")
    moved = change(9, "vehicle.transferred", NORTH, destination_dealer_id=SOUTH)
    assert life_of(ordered, stocked(5)).vehicle.availability == "pending"
    assert life_of(ordered, stocked(5), moved).vehicle.availability == "pending"


def test_a_sale_told_late_of_an_earlier_stay_leaves_the_promise_of_this_one() -> None:
    reports = [stocked(0), sold(5), stocked(20), change(21, "vehicle.updated", availability="pending")]
    late = change(22, "vehicle.sold", sale_date=on(5), front_gross=900)
    assert life_of(*reports, late).vehicle.availability == "pending"
