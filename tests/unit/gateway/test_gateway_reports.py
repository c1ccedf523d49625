"""Reports as files: what a spreadsheet makes of a cell, and what is on the paper."""

from __future__ import annotations

import base64
import csv
import io
import re
import zlib
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from services.gateway.api.problems import ProblemError
from services.gateway.api.reports import Printer
from services.gateway.reports import (
    ADVICE,
    GAPS,
    INVENTORY,
    OUTCOMES,
    SUMMARY,
    Heading,
    Places,
    Workbook,
    csv_header,
    csv_lines,
    pdf,
)
from services.gateway.reports.csv_file import guarded
from services.gateway.reports.kinds import total
from services.gateway.reports.pdf_file import printable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.gateway.api.principal import Gate

ZONE = ZoneInfo("America/Detroit")
PLACES = Places(
    {"a": "Northside", "b": "Calgary"}, {"a": "USD", "b": "CAD"}, {"a": ZONE, "b": ZoneInfo("America/Edmonton")}
)
HEADING = Heading("Inventory", "Lakeshore <b>Group</b> & Söhne", "Northside", datetime(2026, 3, 2, 9, 30, tzinfo=ZONE), [("status", "in_stock")])  # fmt: skip
VEHICLE = {
    "dealer_id": "a", "currency": "USD", "stock_number": "=1+1", "vin": "1M8GDM9AXKP042788", "status": "in_stock",
    "model_year": 2022, "make": "Łada", "model": "@SUM(A1)", "trim": "-5", "odometer": 31000, "stock_date": "2026-01-05",
    "days": 56, "group_days": 61, "cost": "21000.00", "list_price": "24000.50", "market": {"price_to_market": 0.97},
}  # fmt: skip


def sheet(columns: Any, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with Workbook(HEADING, columns, PLACES) as book:
        book.add(rows)
        book.finish()
        with book.file as file:
            found = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python()
    return [dict(zip(found[0], line, strict=True)) for line in found[1:]]


def text_of(content: bytes) -> str:
    """Read the words of a PDF out of its pages' streams."""
    words = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        drawn = zlib.decompress(
            base64.a85decode(stream.strip(), adobe=False)
            if not stream.strip().endswith(b"~>")
            else base64.a85decode(b"<~" + stream.strip(), adobe=True)
        )
        words += re.findall(rb"\(((?:\\.|[^\\()])*)\) Tj", drawn)
    unescaped = (re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), word) for word in words)
    return " ".join(re.sub(rb"\\(.)", rb"\1", word).decode("cp1252") for word in unescaped)


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", "-5 tons"]
)
def test_what_would_run_is_made_text(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5", "+5.25", "-1,5", "RAV4", "", "a=b", "1M8GDM9AXKP042788"])
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


@given(st.text(max_size=40))
def test_no_text_reads_as_a_formula(text: str) -> None:
    (line,) = csv.reader(
        io.StringIO(csv_lines([INVENTORY.columns[7]], [{"model": text}], PLACES).decode(), newline="")
    )
    cell = line[0] if line else ""
    assert cell.removeprefix("'") == text or cell == text
    assert not cell.lstrip(" ").startswith(tuple("=+-@\t\r")) or re.fullmatch(r" *[+-]?\d+([.,]\d+)?", cell)


def test_csv_has_every_column_and_numbers_stay_numbers() -> None:
    raw = csv_header(ADVICE.columns, bom=True) + csv_lines(
        ADVICE.columns,
        [{"dealer_id": "b", "value": "-120.50", "issued_at": "2026-03-02T15:04:05Z", "reason": 'a "b", c'}],
        PLACES,
    )
    assert raw.startswith(b"\xef\xbb\xbf")
    (row,) = csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
    assert (row["Value"], row["Currency"], row["Issued"]) == ("-120.50", "CAD", "2026-03-02 08:04:05")
    assert (row["Reason"], row["Answer"], row["Rooftop"]) == ('a "b", c', "", "Calgary")
    assert not csv_header(ADVICE.columns, bom=False).startswith(b"\xef")


def test_xlsx_cells_have_types_and_hold_no_formula() -> None:
    (row,) = sheet(INVENTORY.columns, [VEHICLE])
    assert (row["Stock no."], row["Model"], row["Trim"]) == ("=1+1", "@SUM(A1)", "-5")
    assert (row["Stocked"], row["List price"], row["Year"]) == (date(2026, 1, 5), 24000.5, 2022)
    assert (row["Price to market"], row["Recon"], row["Rooftop"]) == (0.97, "", "Northside")


@pytest.mark.parametrize("kind", [INVENTORY, ADVICE, GAPS, OUTCOMES, SUMMARY], ids=lambda kind: kind.name)
def test_every_report_is_made_without_a_row(kind: Any) -> None:
    assert sheet(kind.columns, []) == []
    content = pdf(kind, HEADING, [], PLACES)
    assert content.startswith(b"%PDF-")
    assert "No rows." in text_of(content)


def test_paper_has_heading_figures_rows_and_numbered_pages() -> None:
    rows = [{**VEHICLE, "vin": f"1M8GDM9AXKP{number:06}", "group_days": number} for number in range(150)]
    content = pdf(INVENTORY, HEADING, rows, PLACES)
    text = text_of(content)
    pages = int(re.findall(r"page 1 of (\d+)", text)[0])
    assert pages > 3
    assert f"page {pages} of {pages}" in text
    assert text.count("Stock no.") == pages, "the header stands on every page"
    for expected in ("Lakeshore <b>Group</b> & Söhne", "As of 2026-03-02 09:30 EST", "money in USD", "status: in_stock",
                     "USD 3,600,075", "Lada", "@SUM(A1)", "24,000", "97.0%"):  # fmt: skip
        assert expected in text, expected
    assert all(row["vin"] in text for row in rows)


def test_long_text_is_wrapped_and_at_last_cut() -> None:
    reason = " ".join(f"word{number}" for number in range(400))
    text = text_of(
        pdf(
            ADVICE,
            HEADING,
            [{"dealer_id": "a", "action": "hold", "value": "1", "reason": reason, "label": "X" * 90}],
            PLACES,
        )
    )
    assert all(f"word{number} " in text for number in range(100))
    assert "…" in text
    assert "word399" not in text


def test_money_of_several_currencies_is_added_apart_and_named() -> None:
    rows = [
        {"dealer_id": "a", "value": "10.00"},
        {"dealer_id": "b", "value": "20.00"},
        {"dealer_id": "b", "value": None},
    ]
    assert total(rows, "value", PLACES) == "CAD 20 + USD 10"
    text = text_of(pdf(ADVICE, HEADING, [{**row, "action": "hold"} for row in rows], PLACES))
    assert "20 CAD" in text
    assert "money in" not in text
    assert Decimal("10.00") in PLACES.cells(ADVICE.columns, rows[0])


def test_letters_that_cannot_be_drawn_are_replaced_not_dropped() -> None:
    assert printable("Škoda Łódź Größe € 漢") == "Škoda Lódz Größe € ?"


async def test_a_report_too_long_for_paper_says_what_to_do() -> None:
    printer = Printer.__new__(Printer)
    printer.form, printer.gate = "pdf", cast("Gate", SimpleNamespace())

    async def chunks() -> AsyncIterator[list[dict[str, Any]]]:
        for _ in range(3):
            yield [{}, {}]

    with pytest.raises(ProblemError) as problem:
        async for _ in printer._bounded(chunks(), 5):
            pass
    assert problem.value.status == 422
    assert "more than the 5 rows that a PDF may have" in problem.value.detail
    assert [len(chunk) async for chunk in printer._bounded(chunks(), 6)] == [2, 2, 2]
