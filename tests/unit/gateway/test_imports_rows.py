"""Rows: what keeps one out, what is only noticed, what is derived, and sending the refused ones again."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from services.gateway.imports import (
    ImportCounts,
    ImportedRow,
    ImportKind,
    ImportReading,
    InventoryRow,
    ListingRow,
    RejectedRow,
    SaleRow,
    WarningKind,
    read_import,
)
from services.gateway.imports.columns import OdometerUnit

AS_OF = dt.date(2026, 4, 15)
VIN = "WA1GCCFS9JR009139"
STOCK: dict[str, str] = {
    "VIN": VIN, "Year": "2018", "Make": "Audi", "Model": "Q3", "Condition": "Used", "Mileage": "51000",
    "Price": "19250", "MSRP": "", "Cost": "17000", "Date In Stock": "2026-03-01", "Certified": "", "Stock #": "",
}  # fmt: skip
SALE: dict[str, str] = {
    **STOCK,
    "Sale Date": "2026-04-01",
    "Price": "",
    "Sold Price": "19000",
    "Front Gross": "-75",
    "Deal Type": "Lease",
}
LISTING: dict[str, str] = {
    "vin": VIN, "year": "2018", "make": "Audi", "model": "Q3", "condition": "Used", "mileage": "51000", "price": "19250",
    "first_seen": "2026-01-01", "last_seen": "2026-02-01", "right_censored": "False",
}  # fmt: skip
Read = Callable[..., ImportReading]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def _read(
        kind: ImportKind, *rows: dict[str, str], unit: OdometerUnit = "mi", drop: tuple[str, ...] = ()
    ) -> ImportReading:
        names = [name for name in rows[0] if name not in drop]
        path = tmp_path / "rows.tsv"
        lines = ["\t".join(names), *("\t".join(row[name] for name in names) for row in rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_import(path, "rows.tsv", kind, as_of=AS_OF, default_odometer_unit=unit)

    return _read


def only(reading: ImportReading) -> ImportedRow:
    (row,) = reading
    assert not isinstance(row, RejectedRow), row.reason
    return row


def stocked(reading: ImportReading) -> InventoryRow:
    row = only(reading)
    assert isinstance(row, InventoryRow)
    return row


def noticed(reading: ImportReading) -> set[WarningKind]:
    return {warning.kind for warning in reading.warnings}


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"VIN": ""}, "vin", "is missing"),
        ({"VIN": "WA1GCCFS9JR00913"}, "vin", "16 characters"),
        ({"VIN": "5YJ3E1EA8KF321382"}, "vin", "position 9 is '8' but should be '7'"),
        ({"Price": "nineteen"}, "list_price", "'nineteen' is not a number"),
        ({"Price": "-19250"}, "list_price", "is negative"),
        ({"Cost": "(17,000)"}, "cost", "is negative"),
        ({"Price": "5000001"}, "list_price", "is beyond 5,000,000"),
        ({"Mileage": "-1"}, "odometer", "is negative"),
        ({"Mileage": "lots"}, "odometer", "'lots' is not a number"),
        ({"Date In Stock": "2026-04-17"}, "stock_date", "after the as-of date 2026-04-15"),
        ({"Date In Stock": "yesterday"}, "stock_date", "is not a date"),
        ({"Year": "1975"}, "model_year", "outside 1981 to 2028"),
        ({"Year": "2029"}, "model_year", "outside 1981 to 2028"),
        ({"Model": ""}, "model", "is missing"),
        ({"Stock #": "S" * 65}, "stock_number", "65 characters long"),
        ({"VIN": "1C4HJXEN0MW500008", "Make": ""}, "make", "is missing and the VIN does not tell it"),
    ],
)
def test_a_row_is_refused_for(read: Read, change: dict[str, str], field: str, reason: str) -> None:
    good = {**STOCK, "VIN": "5YJ3E1EA7KF321382"}
    first, second = read(ImportKind.INVENTORY, {**STOCK, **change}, good)
    assert isinstance(first, RejectedRow)
    assert reason in {problem.field: problem.reason for problem in first.problems}[field]
    assert isinstance(second, InventoryRow)


def test_everything_wrong_with_a_row_is_told_at_once(read: Read) -> None:
    (row,) = read(ImportKind.INVENTORY, {**STOCK, "Price": "x", "Cost": "-1", "Year": "1900"})
    assert isinstance(row, RejectedRow)
    assert {problem.field for problem in row.problems} == {"list_price", "cost", "model_year"}


def test_a_complete_row(read: Read) -> None:
    reading = read(ImportKind.INVENTORY, STOCK)
    row = stocked(reading)
    assert (row.vin, row.make, row.list_price, row.cost) == (
        VIN,
        "Audi",
        Decimal("19250.00"),
        Decimal("17000.00"),
    )
    assert (row.condition, row.stock_date, row.country) == ("used", dt.date(2026, 3, 1), "Germany")
    assert (row.odometer, row.odometer_unit) == (51000, "mi")
    assert reading.warnings == ()


def test_what_the_file_does_not_say_comes_from_the_vin(read: Read) -> None:
    reading = read(ImportKind.INVENTORY, {**STOCK, "Year": "", "Make": ""})
    row = stocked(reading)
    assert (row.make, row.model_year) == ("Audi", 2018)
    assert noticed(reading) == {WarningKind.MAKE_FROM_VIN, WarningKind.MODEL_YEAR_FROM_VIN}


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        ({"Year": "2019"}, WarningKind.MODEL_YEAR_DIFFERS),
        ({"VIN": "WVWZZZ1KZAW000001"}, WarningKind.CHECK_DIGIT),
        ({"Price": "0"}, WarningKind.MISSING_PRICE),
        ({"Cost": "0.00"}, WarningKind.MISSING_COST),
        ({"Date In Stock": ""}, WarningKind.MISSING_STOCK_DATE),
        ({"Condition": "Lovely"}, WarningKind.CONDITION_GUESSED),
        ({"Mileage": "0"}, WarningKind.ODOMETER_ZERO),
        ({"Certified": "perhaps"}, WarningKind.UNKNOWN_WORD),
        ({"Date In Stock": "3/4/2026"}, WarningKind.AMBIGUOUS_DATES),
        ({"Trim": "T" * 81}, WarningKind.TEXT_TOO_LONG),
    ],
)
def test_a_row_is_taken_with_a_warning_for(read: Read, change: dict[str, str], warning: WarningKind) -> None:
    reading = read(ImportKind.INVENTORY, {**STOCK, **change})
    only(reading)
    assert noticed(reading) == {warning}


def test_a_refused_row_leaves_no_warning(read: Read) -> None:
    reading = read(ImportKind.INVENTORY, {**STOCK, "Condition": "Lovely", "Price": "-5"})
    assert reading.counts.rows == 0
    assert [type(row) for row in reading] == [RejectedRow]
    assert reading.warnings == ()


@pytest.mark.parametrize(
    ("mileage", "year", "unit", "condition"),
    [
        ("12", "2026", "mi", "new"), ("299", "2026", "mi", "new"), ("300", "2026", "mi", "used"),
        ("450", "2026", "km", "new"), ("12", "2025", "mi", "used"), ("", "2026", "mi", "used"),
    ],
)  # fmt: skip
def test_a_missing_condition_is_taken_from_mileage_and_year(
    read: Read, mileage: str, year: str, unit: OdometerUnit, condition: str
) -> None:
    row = stocked(read(ImportKind.INVENTORY, {**STOCK, "Condition": "", "Mileage": mileage, "Year": year}, unit=unit))
    assert row.condition == condition


@pytest.mark.parametrize(
    ("written", "certified", "condition"),
    [("N", "", "new"), ("Pre-Owned", "", "used"), ("CPO", "", "certified"), ("Used", "True", "certified"),
     ("New", "Yes", "new"), ("Demo", "", "demo"), ("Used", "No", "used")],
)  # fmt: skip
def test_conditions(read: Read, written: str, certified: str, condition: str) -> None:
    assert (
        stocked(read(ImportKind.INVENTORY, {**STOCK, "Condition": written, "Certified": certified})).condition
        == condition
    )


@pytest.mark.parametrize(
    ("status", "availability"),
    [
        ("Sold - Pending", "pending"), ("SALE_PENDING", "pending"), ("Reserved", "pending"), ("pre-sold", "pending"),
        ("Service Hold", "held"), ("Stop Sale", "held"), ("In-Transit", "held"),
        ("Sold - Finance Pending", "pending"), ("Hold - Recall", "held"), ("Customer deposit", "pending"),
        ("In Stock", "available"), ("Recon", "available"), ("", "available"), ("n/a", "available"),
    ],
)  # fmt: skip
def test_a_status_says_whether_a_vehicle_is_for_sale(read: Read, status: str, availability: str | None) -> None:
    reading = read(ImportKind.INVENTORY, {**STOCK, "Inventory Status": status})
    assert stocked(reading).availability == availability
    assert WarningKind.UNKNOWN_STATUS not in noticed(reading)


def test_a_file_without_statuses_says_nothing_of_it(read: Read) -> None:
    assert stocked(read(ImportKind.INVENTORY, STOCK)).availability is None


@pytest.mark.parametrize(
    "status",
    ["Row 7", "Recon Pending", "Title Pending", "Not Sold", "Sold - Unwound", "Hold Released", "No open recall"],
)
def test_a_status_that_nobody_knows_ends_what_an_earlier_file_said(read: Read, status: str) -> None:
    reading = read(ImportKind.INVENTORY, {**STOCK, "DMS Status": status})
    assert stocked(reading).availability == "available"
    assert WarningKind.UNKNOWN_STATUS in noticed(reading)


def test_the_first_price_that_is_not_missing_is_the_asking_price(read: Read) -> None:
    row = {**STOCK, "Internet Price": "0", "Selling Price": "18900", "MSRP": "25000"}
    assert stocked(read(ImportKind.INVENTORY, row)).list_price == Decimal("18900.00")
    assert stocked(read(ImportKind.INVENTORY, {**row, "Internet Price": "18500"})).list_price == Decimal("18500.00")


def test_the_msrp_is_asked_only_when_there_is_nothing_else(read: Read) -> None:
    reading = read(ImportKind.INVENTORY, {**STOCK, "Price": "0", "MSRP": "25000"})
    assert stocked(reading).list_price == Decimal("25000.00")
    assert noticed(reading) == {WarningKind.PRICE_FROM_MSRP}


def test_days_in_stock_count_back_from_the_as_of_date(read: Read) -> None:
    row = {**STOCK, "Age": "10"}
    reading = read(ImportKind.INVENTORY, row, drop=("Date In Stock",))
    assert stocked(reading).stock_date == dt.date(2026, 4, 5)


def test_the_unit_in_the_cell_wins_over_the_name_and_the_store(read: Read) -> None:
    row = {**STOCK, "Mileage": "82,950 km"}
    assert stocked(read(ImportKind.INVENTORY, row)).odometer_unit == "km"


def test_a_column_called_miles_is_in_the_unit_of_the_store(read: Read) -> None:
    row = {**STOCK, "Miles": "82950"}
    reading = read(ImportKind.INVENTORY, row, unit="km", drop=("Mileage",))
    assert stocked(reading).odometer_unit == "km"
    assert noticed(reading) == {WarningKind.ODOMETER_UNIT}


def test_a_vehicle_stands_in_stock_once(read: Read) -> None:
    first, second, third = read(ImportKind.INVENTORY, {**STOCK, "Price": "-1"}, STOCK, {**STOCK, "Price": "1"})
    assert isinstance(first, RejectedRow)
    assert isinstance(second, InventoryRow)
    assert isinstance(third, RejectedRow)
    assert third.reason == "vin: the vehicle is already in stock on line 3"


def test_a_sale(read: Read) -> None:
    row = only(read(ImportKind.SALES, SALE))
    assert isinstance(row, SaleRow)
    assert (row.sale_date, row.sale_price, row.front_gross) == (
        dt.date(2026, 4, 1),
        Decimal(19000),
        Decimal(-75),
    )
    assert (row.purchase_type, row.list_price, row.stock_date) == ("lease", None, dt.date(2026, 3, 1))


def test_days_in_stock_of_a_sale_count_back_from_its_date(read: Read) -> None:
    row = only(read(ImportKind.SALES, {**SALE, "Days in Stock": "10"}, drop=("Date In Stock",)))
    assert isinstance(row, SaleRow)
    assert row.stock_date == dt.date(2026, 3, 22)


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"Sale Date": ""}, "sale_date", "is missing"),
        ({"Sale Date": "2026-04-17"}, "sale_date", "after the as-of date"),
        ({"Sale Date": "2026-02-01"}, "stock_date", "2026-03-01 is after the sale on 2026-02-01"),
    ],
)
def test_a_sale_is_refused_for(read: Read, change: dict[str, str], field: str, reason: str) -> None:
    (row,) = read(ImportKind.SALES, {**SALE, **change})
    assert isinstance(row, RejectedRow)
    assert [problem.field for problem in row.problems] == [field]
    assert reason in row.reason


def test_a_vehicle_sold_twice_is_two_sales_unless_on_one_day(read: Read) -> None:
    again = {**SALE, "Sale Date": "2026-04-10"}
    rows = list(read(ImportKind.SALES, SALE, again, SALE))
    assert [type(row) for row in rows] == [SaleRow, SaleRow, RejectedRow]


def test_of_listings_the_newest_is_kept(read: Read) -> None:
    newer = {**LISTING, "last_seen": "2026-03-01", "price": "18000"}
    older = {**LISTING, "last_seen": "2026-01-15", "price": "20000"}
    reading = read(ImportKind.MARKET, LISTING, newer, older)
    rows = list(reading)
    assert [row.price for row in rows if isinstance(row, ListingRow)] == [Decimal(19250), Decimal(18000)]
    assert reading.counts == ImportCounts(rows=3, accepted=2, outdated=1, replaced=1)
    assert noticed(reading) == {WarningKind.DUPLICATE_OLDER, WarningKind.DUPLICATE_REPLACED}


def test_a_listing_seen_to_go(read: Read) -> None:
    row = only(read(ImportKind.MARKET, LISTING))
    assert isinstance(row, ListingRow)
    assert (row.removed, row.first_seen, row.last_seen) == (True, dt.date(2026, 1, 1), dt.date(2026, 2, 1))


def test_a_listing_cannot_go_before_it_came(read: Read) -> None:
    (row,) = read(ImportKind.MARKET, {**LISTING, "last_seen": "2025-12-01"})
    assert isinstance(row, RejectedRow)
    assert "before the first sight" in row.reason


def test_warnings_are_counted_and_only_the_first_are_shown(read: Read) -> None:
    rows = [{**STOCK, "VIN": f"WA1GCCFS{check}JR00{serial}", "Cost": ""} for serial, check in SERIALS]
    reading = read(ImportKind.INVENTORY, *rows)
    assert len(list(reading)) == len(rows)
    missing = {warning.kind: warning for warning in reading.warnings}[WarningKind.MISSING_COST]
    assert missing.count == len(rows)
    assert [line for line, _ in missing.examples] == [2, 3, 4, 5, 6]


SERIALS = [(str(serial), "9") for serial in range(9130, 9140)]
