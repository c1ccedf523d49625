"""Cells: money, mileage, whole numbers and dates in the forms feeds write them."""

import contextlib
import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.imports import cells
from services.gateway.imports.cells import CellError
from services.gateway.imports.dates import DateOrder, date, decide_order


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("$1,234.50", "1234.50"), ("1.234,50 €", "1234.50"), ("CAD 12,000", "12000"), ("12 345,67", "12345.67"),
        ("(1,234)", "-1234"), ("-$500", "-500"), ("$-500", "-500"), ("1,234-", "-1234"), ("20797.0", "20797"),
        ("12.500", "12500"), ("12,500", "12500"), ("1.234.567", "1234567"), ("12,5", "12.5"), ("21.9k", "21900"),
        ("US$19,999", "19999"), ("1'250", "1250"), ("2.1e4", "21000"), ("0", "0"), (".5", "0.5"), ("+7", "7"),
    ],
)  # fmt: skip
def test_money_is_read_by_its_pattern(cell: str, amount: str) -> None:
    assert cells.money(cell) == Decimal(amount)


@pytest.mark.parametrize("cell", ["", " ", "NA", "n/a", "NULL", "-", "None", "#N/A", "Call for price", None])
def test_nothing_is_written_in_many_ways(cell: str | None) -> None:
    assert cells.money(cell) is None


@pytest.mark.parametrize("cell", ["twelve", "1,2,3", "1.2.3", "12,34,5", "inf", "1e400", "9" * 30, "--5", "$", "١٢"])
def test_text_in_a_money_column_is_refused(cell: str) -> None:
    with pytest.raises(CellError, match="is not a number"):
        cells.money(cell)


@given(st.decimals(min_value=-5_000_000, max_value=5_000_000, places=2))
def test_money_written_the_north_american_way_reads_back(amount: Decimal) -> None:
    assert cells.money(f"${amount:,.2f}") == amount


@given(st.decimals(min_value=0, max_value=5_000_000, places=2))
def test_money_written_the_continental_way_reads_back(amount: Decimal) -> None:
    written = f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
    assert cells.money(f"{written} €") == amount


@given(st.text(max_size=40))
def test_any_text_is_a_value_or_a_cell_error(written: str) -> None:
    for parse in (cells.money, cells.integer, cells.mileage, cells.boolean, cells.photo_count):
        with contextlib.suppress(CellError):
            parse(written)
    for order in DateOrder:
        with contextlib.suppress(CellError):
            date(written, order)


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("82950", (82950, None)), ("82,950 km", (82950, "km")), ("45k miles", (45000, "mi")), ("45K", (45000, None)),
        ("12.345 km", (12345, "km")), ("17 mi.", (17, "mi")), ("61,000 Kilometers", (61000, "km")),
        ("82950.0", (82950, None)), ("N/A", (None, None)), ("-5", (-5, None)),
    ],
)  # fmt: skip
def test_mileage_keeps_the_unit_beside_it(cell: str, read: tuple[int | None, str | None]) -> None:
    assert cells.mileage(cell) == read


@pytest.mark.parametrize("cell", ["1" * 1_000_000 + "x", "1 " * 500_000 + "x", " 8" * 500_000 + " km"])
def test_a_mileage_of_a_million_characters_is_refused_at_once(cell: str) -> None:
    with pytest.raises(CellError, match="is not a number") as refused:
        cells.mileage(cell)
    assert len(str(refused.value)) < 100


def test_a_fraction_is_no_whole_number() -> None:
    with pytest.raises(CellError, match="not a whole number"):
        cells.integer("12.5")


@pytest.mark.parametrize(
    "cell",
    ["2025-10-31", "2025-10-31T08:15:00Z", "2025-10-31 08:15", "20251031", "10/31/2025", "10/31/25", "10-31-2025",
     "10/31/2025 12:00 AM", "31-Oct-2025", "31 October 2025", "Oct 31, 2025", "October 31st 2025", "45961", "45961.5",
     "1761868800", "1761868800000", "2025/10/31"],
)  # fmt: skip
def test_dates_are_read_in_the_forms_feeds_write(cell: str) -> None:
    assert date(cell, DateOrder.MONTH_FIRST) == dt.date(2025, 10, 31)


@pytest.mark.parametrize(
    "cell",
    [
        "0",
        "",
        "N/A",
        "0000-00-00",
        "1/1/1900",
        "1900-01-01 00:00:00",
        "1/1/0001 12:00:00 AM",
        "01-Jan-0001",
        "0000/00/00",
        "00.00.0000",
        "00000000",
        "0.0",
        "1/0/1900",
        "1899-12-31",
        "1969-12-31T19:00-05:00",
        "1/0/00",
        "0/1/1900",
        "00/01/1900",
        "0-Jan-00",
        "00-Jan-1900",
        "1900-01-00",
    ],
)
def test_blank_dates_are_missing(cell: str) -> None:
    assert date(cell, DateOrder.MONTH_FIRST) is None


@pytest.mark.parametrize("cell", ["31/10/2025", "2025-02-30", "soon", "12", "1/2/3/4", "31 Foo 2025"])
def test_what_is_no_date_is_refused(cell: str) -> None:
    with pytest.raises(CellError, match="is not a date"):
        date(cell, DateOrder.MONTH_FIRST)


@pytest.mark.parametrize(
    ("column", "order", "assumed"),
    [
        (["3/4/2026", "31/10/2025"], DateOrder.DAY_FIRST, False),
        (["3/4/2026", "10/31/2025"], DateOrder.MONTH_FIRST, False),
        (["3.4.2026"], DateOrder.DAY_FIRST, False),
        (["3/4/2026", None, ""], DateOrder.MONTH_FIRST, True),
        (["2026-03-04", "4-Mar-2026"], DateOrder.MONTH_FIRST, False),
        ([], DateOrder.MONTH_FIRST, False),
    ],
)
def test_the_order_of_day_and_month_is_decided_for_the_column(
    column: list[str | None],
    order: DateOrder,
    assumed: bool,
) -> None:
    assert decide_order(column) == (order, assumed)


@given(st.dates(min_value=dt.date(1990, 1, 1), max_value=dt.date(2068, 12, 31)), st.sampled_from(list(DateOrder)))
def test_a_date_written_in_an_order_reads_back_in_it(day: dt.date, order: DateOrder) -> None:
    first, second = (day.month, day.day) if order is DateOrder.MONTH_FIRST else (day.day, day.month)
    assert date(f"{first}/{second}/{day.year}", order) == day
    assert date(f"{day:%d-%b-%Y}", order) == day
    assert date(day.isoformat(), order) == day
