"""Excel workbooks: the first sheet that holds anything, with cells turned into the text a CSV would have."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from python_calamine import CalamineSheet, CalamineWorkbook

from services.gateway.imports.errors import (
    DamagedFileError,
    EmptyFileError,
    FileTooLargeError,
    NotATableError,
)
from services.gateway.imports.table import FileFormat, RawTable, SourceRow, number_text

_UNPACKED_LIMIT: Final = 1 << 30
_OPENED_MEBIBYTES: Final = 640
_OPENING_SECONDS: Final = 300.0
_OPENER: Final = Path(__file__).with_name("workbook_size.py")
Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


def open_workbook(path: Path) -> RawTable:
    """Open an XLSX or XLS workbook; the sheet is held in memory, which Excel itself bounds at 1,048,576 rows.

    Raises `NotATableError` for an archive that is no workbook, `FileTooLargeError` when it unpacks to more
    than 1 GiB or opens into more, `DamagedFileError` when it cannot be opened and `EmptyFileError` when every sheet
    is empty.
    """
    if zipfile.is_zipfile(path):
        _check_archive(path)
    _check_size(path)
    sheet = _first_filled_sheet(path)
    if sheet is None:
        raise EmptyFileError("every sheet of the workbook is empty", "Check that you sent the right file.")
    return RawTable(FileFormat.WORKBOOK, None, None, None, lambda: _rows(sheet))


def _first_filled_sheet(path: Path) -> CalamineSheet | None:
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            sheets = (workbook.get_sheet_by_name(name) for name in workbook.sheet_names)
            return next((sheet for sheet in sheets if sheet.height and sheet.width), None)
    except Exception as error:
        raise _damaged(error) from error
    except BaseException as error:
        # The reader is written in Rust; a panic on a malformed workbook arrives outside the Exception tree.
        if type(error).__name__ == "PanicException":
            raise _damaged(error) from error
        raise


def _damaged(error: BaseException) -> DamagedFileError:
    return DamagedFileError(f"the workbook cannot be opened ({error})", "Save it again as XLSX.")


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise DamagedFileError("the file is cut off or damaged", "Send it once more.") from error
    if not any(member.filename.startswith("xl/workbook.") for member in members):
        names = ", ".join(member.filename for member in members[:3]) or "nothing"
        seen = f"the file is an archive (holding {names}), not an Excel workbook"
        raise NotATableError(seen, "Unpack it and send the table inside.")
    if sum(member.file_size for member in members) > _UNPACKED_LIMIT:
        seen = "the workbook unpacks to more than 1 GiB"
        raise FileTooLargeError(seen, "Save the sheet as CSV, which has no limit.")


def _check_size(path: Path) -> None:
    """Have a process open it first that may end for want of memory; what is damaged otherwise is told by ours."""
    command = [sys.executable, "-I", str(_OPENER), str(path), str(_OPENED_MEBIBYTES)]
    try:
        ended = subprocess.run(command, capture_output=True, check=False, timeout=_OPENING_SECONDS)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        seen = f"the workbook takes longer than {_OPENING_SECONDS:g} seconds to open"
        raise FileTooLargeError(seen, "Save the sheet as CSV.") from error
    if ended.returncode < 0 or b"MemoryError" in ended.stderr:
        seen = f"the workbook needs more than {_OPENED_MEBIBYTES:,} MiB, from the first cell of its sheet to the last"
        raise FileTooLargeError(seen, "Delete what stands far from the table, or save the sheet as CSV.")


def _rows(sheet: CalamineSheet) -> Iterator[SourceRow]:
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        texts = _texts(cells)
        if any(texts):
            yield SourceRow(number, texts)


def _texts(cells: Sequence[Cell]) -> list[str | None]:
    return [cell.strip() if isinstance(cell, str) else _text(cell) for cell in cells]


def _text(cell: Cell) -> str:
    if isinstance(cell, float):
        return number_text(cell)
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    return str(cell)
