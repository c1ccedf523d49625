"""Writes refused rows so that they can be mended in a spreadsheet and sent again."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from services.gateway.imports.rows import RejectedRow

EXTRA_COLUMNS: Final = ("line", "reason")


def write_rejected_csv(path: Path, header: Sequence[str], rejected: Iterable[RejectedRow]) -> int:
    """Write refused rows as UTF-8 CSV and return how many there were.

    `line` and `reason` come first, then the file's own columns with the cells untouched, so a row with too
    many or too few cells stays as it was. Both columns are ignored when the file is sent again, and
    replaced when refused again. A byte order mark lets spreadsheets read accents right.
    """
    # A file that was mended once already carries the two columns of the last time in front.
    already = len(EXTRA_COLUMNS) if tuple(header[: len(EXTRA_COLUMNS)]) == EXTRA_COLUMNS else 0
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*EXTRA_COLUMNS, *header[already:]])
        for row in rejected:
            writer.writerow([row.line, row.reason, *row.cells[already:]])
            count += 1
    return count
