"""Faults real files have, put into the sample on purpose and each one labelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from doso.sample_group import vin
from doso.sample_group.inventory_files import us_date
from doso.sample_group.table import Blemish, Outcome, Row, Table

if TYPE_CHECKING:
    import numpy as np

_FUTURE_DAYS, _BACKDATED_DAYS = 45, 12
_NORTH_AMERICA = "12345"
# An importer guesses formats from the first rows; those stay as they should be.
_UNTOUCHED_SHARE = 8

Fault = Callable[[Table, Row, date], tuple[Row, ...]]


def soil(table: Table, faults: tuple[str, ...], as_of: date, rng: np.random.Generator) -> Table:
    """Return the table with each named fault put into a row of its own, in rows drawn at random.

    Raises KeyError for an unknown fault and ValueError when the table has too few suitable rows.
    """
    first = len(table.rows) // _UNTOUCHED_SHARE
    suitable = [number for number, row in enumerate(table.rows) if number >= first and _suits(table, row)]
    if len(suitable) < len(faults):
        message = f"{len(faults)} faults need as many rows with a North American VIN, only {len(suitable)} found"
        raise ValueError(message)
    places = rng.choice(suitable, size=len(faults), replace=False).tolist()
    chosen = {place: FAULTS[fault] for place, fault in zip(places, faults, strict=True)}
    rows: list[Row] = []
    for number, row in enumerate(table.rows):
        rows.extend(chosen[number](table, row, as_of) if number in chosen else (row,))
    return table.with_rows(tuple(rows))


def _suits(table: Table, row: Row) -> bool:
    # Check digits bind North American VINs only; a plain retail deal has no other oddity for a fault to hide.
    ordinary = "purchase_type" not in table.positions or table.cell(row, "purchase_type") == "Retail"
    return ordinary and table.cell(row, "vin")[0] in _NORTH_AMERICA


def _replaced(field: str, reason: str, outcome: Outcome, text: Callable[[str], str]) -> Fault:
    def spoil(table: Table, row: Row, _: date) -> tuple[Row, ...]:
        blemish = Blemish(table.header_of(field), reason, outcome)
        return (table.with_cell(row, field, text(table.cell(row, field)), blemish),)

    return spoil


def _inserted_after(row_of: Callable[[Table, Row], Row]) -> Fault:
    def spoil(table: Table, row: Row, _: date) -> tuple[Row, ...]:
        return row, row_of(table, row)

    return spoil


def _wrong_check_digit(number: str) -> str:
    wrong = "0" if number[vin.CHECK_POSITION] != "0" else "1"
    return number[: vin.CHECK_POSITION] + wrong + number[vin.CHECK_POSITION + 1 :]


def _read(text: str) -> date:
    if "-" in text:
        return date.fromisoformat(text)
    month, day, year = map(int, text.split("/"))
    return date(year, month, day)


def _like(day: date, text: str) -> str:
    return day.isoformat() if "-" in text else us_date(day)


def _other_date_format(text: str) -> str:
    day = _read(text)
    return us_date(day) if "-" in text else day.isoformat()


def _number(text: str) -> str:
    return f"{int(text.partition(' ')[0]):,}"


def _future_stock_date(table: Table, row: Row, as_of: date) -> tuple[Row, ...]:
    blemish = Blemish(table.header_of("stock_date"), f"stock date {_FUTURE_DAYS} days ahead", "reject")
    text = _like(as_of + timedelta(days=_FUTURE_DAYS), table.cell(row, "stock_date"))
    return (table.with_cell(row, "stock_date", text, blemish),)


def _sold_before_stocked(table: Table, row: Row, _: date) -> tuple[Row, ...]:
    reason = f"sold {_BACKDATED_DAYS} days before it came into stock"
    sold = table.cell(row, "sale_date")
    text = _like(_read(sold) + timedelta(days=_BACKDATED_DAYS), sold)
    return (table.with_cell(row, "stock_date", text, Blemish(table.header_of("stock_date"), reason, "reject")),)


def _duplicate(table: Table, row: Row) -> Row:
    reason = "the record of the line before once more: this VIN is already there"
    return replace(row, blemish=Blemish(table.header_of("vin"), reason, "reject"))


_OTHER_FORMAT = "date in another format than the rest of the column"

FAULTS: dict[str, Fault] = {
    "wrong_check_digit": _replaced("vin", "check digit does not fit the VIN", "reject", _wrong_check_digit),
    "missing_vin": _replaced("vin", "no VIN", "reject", lambda _: ""),
    "negative_price": _replaced("price", "price below zero", "reject", lambda text: f"-{text}"),
    "zero_price": _replaced("price", "price of 0", "reject", lambda _: "0"),
    "missing_price": _replaced("price", "no price", "reject", lambda _: ""),
    "text_mileage": _replaced("mileage", "mileage is not a number", "reject", lambda _: "call us"),
    "negative_age": _replaced("age", "negative days in stock", "reject", lambda _: f"-{_FUTURE_DAYS}"),
    "future_stock_date": _future_stock_date,
    "sold_before_stocked": _sold_before_stocked,
    "duplicate": _inserted_after(_duplicate),
    "dollar_price": _replaced(
        "price", "dollar sign and comma in the price", "clean", lambda text: f"${_number(text)}"
    ),
    "mileage_unit": _replaced(
        "mileage", "comma and unit in the mileage", "clean", lambda text: f"{_number(text)} mi"
    ),
    "stock_date_format": _replaced("stock_date", _OTHER_FORMAT, "clean", _other_date_format),
    "sale_date_format": _replaced("sale_date", _OTHER_FORMAT, "clean", _other_date_format),
    "trailing_spaces": _replaced("model", "trailing spaces", "clean", lambda text: f"{text}   "),
    "lower_case_vin": _replaced("vin", "VIN in lower case", "clean", str.lower),
    "repeated_header": _inserted_after(
        lambda table, _: Row(table.header, Blemish("", "the header line again, in the middle of the file", "skip"))
    ),
    "blank_line": _inserted_after(lambda _, __: Row((), Blemish("", "an empty line", "skip"))),
}
