"""What a row of a snapshot means, and when a snapshot is not believed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.gateway.domain.snapshot import Known, Step, step, too_many_missing

AS_OF = date(2026, 4, 15)
ROW: dict[str, Any] = {"make": "Audi", "list_price": Decimal("19250.00"), "stock_date": date(2026, 3, 1)}


def known(status: str = "in_stock", *, here: bool = True, gone: date | None = None, **facts: Any) -> Known:
    document = {"make": "Audi", "list_price": "19250.00", "stock_date": "2026-03-01", "odometer": 51_000, **facts}
    return Known(status, here, gone, document)


def test_unknown_vehicle_is_stocked() -> None:
    assert step(None, ROW, AS_OF) == Step("vehicle.stocked", ROW)


def test_first_snapshot_stocks_only_what_it_dates() -> None:
    """Without a date it stood there before, since a day nobody told."""
    undated = {"make": "Audi"}
    assert step(None, undated, AS_OF, opening=True) == Step("vehicle.updated", undated)
    assert step(None, ROW, AS_OF, opening=True) == Step("vehicle.stocked", ROW)
    assert step(None, undated, AS_OF, opening=False) == Step("vehicle.stocked", undated)


@pytest.mark.parametrize("price", [Decimal(19_250), Decimal("19250.0")])
def test_what_is_known_already_is_no_news(price: Decimal) -> None:
    assert step(known(), {**ROW, "list_price": price}, AS_OF) == Step(None, {})


def test_a_new_price_alone_is_a_price_event_with_the_price_alone() -> None:
    cut = Decimal(18_990)
    assert step(known(), {**ROW, "list_price": cut}, AS_OF) == Step("vehicle.priced", {"list_price": cut})


def test_other_changes_are_one_update_with_what_changed() -> None:
    told = step(known(), {**ROW, "list_price": Decimal(1), "odometer": 51_040}, AS_OF)
    assert told == Step("vehicle.updated", {"list_price": Decimal(1), "odometer": 51_040})


def test_a_fact_first_told_now_is_an_update() -> None:
    assert step(known(cost=None), {**ROW, "cost": Decimal(17_000)}, AS_OF).kind == "vehicle.updated"


def test_unreadable_known_money_counts_as_changed() -> None:
    assert step(known(list_price="?"), ROW, AS_OF).kind == "vehicle.priced"


def test_standing_at_a_sister_store_is_a_transfer() -> None:
    assert step(known(here=False), ROW, AS_OF) == Step("vehicle.transferred", ROW)


def test_on_order_and_now_listed_has_come() -> None:
    assert step(known("on_order"), ROW, AS_OF) == Step("order.received", ROW)


@pytest.mark.parametrize("status", ["sold", "wholesaled"])
@pytest.mark.parametrize(("days", "stale"), [(0, True), (10, True), (11, False)])
def test_an_advert_outlives_a_sale_by_ten_days(status: str, days: int, stale: bool) -> None:
    told = step(known(status, gone=AS_OF - timedelta(days=days)), ROW, AS_OF)
    assert (told.stale, told.kind) == (stale, None if stale else "vehicle.stocked")


@pytest.mark.parametrize("stated", [None, date(2026, 3, 1), date(2026, 4, 1)])
def test_back_after_a_sale_it_is_told_as_stocked_with_the_day_that_the_file_has(stated: date | None) -> None:
    row = {"make": "Audi", **({"stock_date": stated} if stated else {})}
    assert step(known("sold", gone=date(2026, 3, 20)), row, AS_OF) == Step("vehicle.stocked", row)


def test_back_after_a_departure_keeps_the_date_of_the_file() -> None:
    """It may never have left; inventory knows how long it was away."""
    assert step(known("departed", gone=date(2026, 4, 10)), ROW, AS_OF) == Step("vehicle.stocked", ROW)


@pytest.mark.parametrize(
    ("stock", "missing", "suspicious"),
    [(0, 0, False), (10, 3, False), (10, 4, True), (100, 30, False), (100, 31, True), (1, 1, True), (1, 0, False)],
)
def test_a_snapshot_lacking_over_thirty_percent_is_not_believed(stock: int, missing: int, suspicious: bool) -> None:
    assert too_many_missing(stock, missing) is suspicious
