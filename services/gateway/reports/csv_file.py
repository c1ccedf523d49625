"""CSV as spreadsheets read it, and in which no cell can become a formula."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from services.gateway.reports.table import Cell, Column, Places

_FORMULA_STARTS: Final = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001  # spreadsheets read the wide ones alike
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")


def csv_header(columns: Sequence[Column], *, bom: bool) -> bytes:
    """Write the header line; with ``bom`` older Excel reads the rest as UTF-8 too."""
    return (b"\xef\xbb\xbf" if bom else b"") + _written([[column.title for column in columns]])


def csv_lines(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], places: Places) -> bytes:
    """Write rows; money has its currency in a column of its own."""
    return _written([_plain(cell) for cell in places.cells(columns, row)] for row in rows)


def guarded(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run; a number is a number, negative ones too."""
    stripped = text.lstrip(" ")
    if stripped and stripped[0] in _FORMULA_STARTS and not _NUMBER.fullmatch(stripped):
        return f"'{text}"
    return text


def _plain(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case str():
            return guarded(cell)
        case datetime():
            return cell.isoformat(sep=" ")
        case date():
            return cell.isoformat()
        case Decimal():
            return f"{cell:f}"
        case _:
            return str(cell)


def _written(lines: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()
