"""XLSX: typed cells, money in its currency, the header in place while one scrolls."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import TracebackType
from typing import IO, Any, Final, Self

import xlsxwriter

from services.gateway.reports.table import Cell, Column, Heading, Places

CELL_CHARACTERS: Final = 32_767
_SIGNS: Final = {"USD": "[$$-409]", "CAD": "[$CA$-1009]", "GBP": "[$£-809]", "EUR": "[$€-2] "}
_FORMATS: Final = {
    "whole": "#,##0",
    "number": "#,##0.0",
    "percent": "0.0%",
    "date": "yyyy-mm-dd",
    "time": "yyyy-mm-dd hh:mm",
}


class Workbook:
    """A workbook that is written row by row: memory holds one row, the disk the rest."""

    def __init__(self, heading: Heading, columns: Sequence[Column], places: Places) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="doso-report-")
        self.file: IO[bytes] = tempfile.TemporaryFile(prefix="doso-report-")  # noqa: SIM115  # the reader's to close
        self._columns, self._places = columns, places
        self._book = xlsxwriter.Workbook(
            self.file,
            {
                "constant_memory": True, "tmpdir": self._folder.name,
                "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
            },
        )  # fmt: skip
        self._book.set_properties(
            {"title": heading.title, "company": heading.group, "created": _naive(heading.as_of)}
        )
        self._styles: dict[tuple[str, str], Any] = {}
        self._sheet = self._book.add_worksheet(heading.title[:31])
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_landscape()
        self._sheet.repeat_rows(0)
        self._sheet.fit_to_pages(1, 0)
        bold = self._book.add_format(
            {"bold": True, "font_color": "#FFFFFF", "bg_color": "#1F3A5F", "text_wrap": True, "valign": "vcenter"}
        )
        for place, column in enumerate(columns):
            self._sheet.set_column(place, place, column.width)
            self._sheet.write_string(0, place, column.title, bold)
        self._row = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Take the temporary files away; ``file`` is the reader's to close."""
        self._folder.cleanup()

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write rows below those that are there."""
        for row in rows:
            currency = self._places.currency(row)
            for place, cell in enumerate(self._places.cells(self._columns, row)):
                self._write(place, cell, self._columns[place], currency)
            self._row += 1

    def finish(self) -> None:
        """Write the file to its end and set it back to its beginning."""
        self._sheet.autofilter(0, 0, max(self._row - 1, 1), len(self._columns) - 1)
        self._book.close()
        self.file.seek(0)

    def _write(self, place: int, cell: Cell, column: Column, currency: str) -> None:
        match cell:
            case None:
                return
            case str():
                # As a string, whatever it begins with: nothing a dealer sends can become a formula.
                self._sheet.write_string(self._row, place, cell[:CELL_CHARACTERS])
            case datetime() | date():
                self._sheet.write_datetime(self._row, place, cell, self._style(column.type, ""))
            case Decimal():
                self._sheet.write_number(self._row, place, float(cell), self._style("money", currency))
            case _:
                self._sheet.write_number(self._row, place, cell, self._style(column.type, ""))

    def _style(self, kind: str, currency: str) -> Any:
        style = self._styles.get((kind, currency))
        if style is None:
            sign = _SIGNS.get(currency, f"[${currency}] " if currency else "")
            pattern = f"{sign}#,##0.00" if kind == "money" else _FORMATS[kind]
            style = self._styles[kind, currency] = self._book.add_format({"num_format": pattern})
        return style


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
