"""Writes refused rows so that they can be mended in a spreadsheet and sent again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

EXTRA_COLUMNS: Final = ("line", "reason")
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_MARK: Final = "'"


def rejected_csv(header: Sequence[str], rejected: Iterable[tuple[int, str, Sequence[str | None]]]) -> bytes:
    """Write refused rows (line, reason, cells) as UTF-8 CSV.

    `line` and `reason` come first, then the file's own columns with the cells as they were, so a row with too
    many or too few cells stays that way. Both columns are ignored when the file is sent again, and replaced
    when refused again. A byte order mark lets spreadsheets read accents right; a cell that a spreadsheet would
    run as a formula gets an apostrophe in front, which reading takes off again.
    """
    # A file that was mended once already carries the two columns of the last time in front.
    already = len(EXTRA_COLUMNS) if tuple(header[: len(EXTRA_COLUMNS)]) == EXTRA_COLUMNS else 0
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*EXTRA_COLUMNS, *map(harmless, header[already:])])
    for line, reason, cells in rejected:
        writer.writerow([line, harmless(reason), *(harmless(cell or "") for cell in cells[already:])])
    return text.getvalue().encode("utf-8-sig")


def unmarked(cell: str) -> str:
    """Take off the apostrophe that keeps a cell from being a formula."""
    return cell[1:] if cell.startswith(_MARK) and cell[1:].startswith(_FORMULA_STARTS) else cell


def harmless(cell: str) -> str:
    """Put an apostrophe in front of what a spreadsheet would run as a formula."""
    return f"{_MARK}{cell}" if cell.startswith(_FORMULA_STARTS) else cell
