"""Writes refused rows so that they can be mended in a spreadsheet and sent again."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

EXTRA_COLUMNS: Final = ("line", "reason")
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_MARK: Final = "'"


class Rejection(NamedTuple):
    """A refused row as it was kept: its line, why, and its cells as they stood in the file."""

    line: int
    reason: str
    cells: Sequence[str | None]


class RejectedCsv:
    """Writes refused rows as UTF-8 CSV, as many at a time as one likes.

    `line` and `reason` come first, then the file's own columns with the cells as they were, so a row with too
    many or too few cells stays that way. Both columns are ignored when the file is sent again, and replaced
    when refused again. A byte order mark lets spreadsheets read accents right; a cell that a spreadsheet would
    run as a formula gets an apostrophe in front, which reading takes off again.
    """

    def __init__(self, header: Sequence[str]) -> None:
        """Write rows of a file with this header."""
        # A file that was mended once already carries the two columns of the last time in front.
        self._already = len(EXTRA_COLUMNS) if tuple(header[: len(EXTRA_COLUMNS)]) == EXTRA_COLUMNS else 0
        self._header = [*EXTRA_COLUMNS, *map(harmless, header[self._already :])]

    def header(self) -> bytes:
        """Write the first line."""
        return codecs.BOM_UTF8 + _written([self._header])

    def lines(self, rejected: Iterable[Rejection]) -> bytes:
        """Write refused rows, one line each."""
        return _written(
            [row.line, harmless(row.reason), *(harmless(cell or "") for cell in row.cells[self._already :])]
            for row in rejected
        )


def _written(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def unmarked(cell: str) -> str:
    """Take off the apostrophe that keeps a cell from being a formula."""
    return cell[1:] if cell.startswith(_MARK) and cell[1:].startswith(_FORMULA_STARTS) else cell


def harmless(cell: str) -> str:
    """Put an apostrophe in front of what a spreadsheet would run as a formula."""
    return f"{_MARK}{cell}" if cell.startswith(_FORMULA_STARTS) else cell
