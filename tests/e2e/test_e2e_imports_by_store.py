"""Files of a whole group: each row goes to the rooftop that it names, and none to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.conftest import as_csv, new_vin, stock_row

if TYPE_CHECKING:
    from tests.e2e.conftest import Group


def test_rows_go_to_the_rooftop_they_name_and_to_no_other(group: Group) -> None:
    here, there = f"Here {new_vin()}", f"There {new_vin()}"
    sent_for, named = group.dealer(here), group.dealer(there)
    unnamed, theirs, strange, early = (str(new_vin()) for _ in range(4))
    stores = {unnamed: "", theirs: there.upper(), strange: f"{there} Ltd"}
    status = group.stock(sent_for, [stock_row(vin, Store=store) for vin, store in stores.items()], by_store="true")
    assert (status["accepted"], status["rejected"]) == (2, 1)
    (error,) = status["errors"]
    assert (error["line"], error["field"]) == (4, "store")
    assert "none of your rooftops" in error["reason"]
    group.until(sent_for, unnamed, status="in_stock")
    group.until(named, theirs, status="in_stock")
    assert group.vehicle(sent_for, strange) is None

    # What stands in a refused row may be anybody's: it does not depart, however sure the sender is, and the rooftop
    # that the file was sent for is not said to be empty by it.
    assert group.stock(named, [stock_row(early, Store=there), stock_row(theirs, Store=there)])["accepted"] == 2
    group.until(named, early, status="in_stock")
    whole = stock_row(early, Store=there)
    cut_off = ",".join(map(str, list(stock_row(theirs).values())[:6]))
    for refused in (as_csv([stock_row(theirs, Store="Ther")]).splitlines()[1], cut_off.encode()):
        content = as_csv([whole]) + refused + b"\n"
        status = group.upload("inventory", sent_for, content, by_store="true", confirm="true")
        assert (status["status"], status["rejected"], status["events"].get("vehicle.departed")) == ("done", 1, None)


def test_a_vehicle_that_a_groups_file_lists_elsewhere_has_moved_not_departed(group: Group) -> None:
    here, there = f"Here {new_vin()}", f"There {new_vin()}"
    sent_for, other = group.dealer(here), group.dealer(there)
    moving, refused, staying = (str(new_vin()) for _ in range(3))
    assert group.stock(other, [stock_row(vin) for vin in (moving, refused, staying)])["accepted"] == 3
    for vin in (moving, refused, staying):
        group.until(other, vin, status="in_stock")
    lines = [
        stock_row(moving, Store=here),
        stock_row(refused, -5, Cost=1, Store=here),
        stock_row(staying, Store=there),
    ]
    status = group.stock(sent_for, lines, by_store="true", confirm="true")
    assert (status["status"], status["accepted"], status["rejected"]) == ("done", 2, 1)
    assert status["events"] == {"vehicle.transferred": 1}
    group.until(sent_for, moving, status="in_stock")
    group.until(other, refused, status="in_stock")


def test_rows_that_are_to_name_their_rooftop_need_a_column_for_it(group: Group) -> None:
    status = group.stock(group.dealer(), [stock_row(new_vin(), Lot_Name="Northside")], by_store="true")
    assert (status["status"], status["accepted"]) == ("failed", 0)
    assert "no column names it" in status["error"]
