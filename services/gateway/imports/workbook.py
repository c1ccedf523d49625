"""Excel workbooks: the first sheet that holds anything, with cells turned into the text a CSV would have."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from python_calamine import CalamineSheet, CalamineWorkbook

from services.gateway.imports import workbook_size
from services.gateway.imports.errors import (
    DamagedFileError,
    EmptyFileError,
    FileTooLargeError,
    NotATableError,
)
from services.gateway.imports.table import FileFormat, RawTable, SourceRow, number_text
from services.gateway.imports.workbook_size import CANNOT_BE_OPENED, MEBIBYTE, NO_MEMORY

_UNPACKED_LIMIT: Final = 1 << 30
_MOST_MEBIBYTES: Final = 4_096
_OPENING_SECONDS: Final = 300
_OPENER: Final = Path(workbook_size.__file__)
_CONTAINER_MEMORY: Final = Path("/sys/fs/cgroup/memory.max")
Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


def open_workbook(path: Path) -> RawTable:
    """Open an XLSX or XLS workbook; the sheet is held in memory, from its first filled cell to its last.

    Raises `NotATableError` for an archive that is no workbook, `FileTooLargeError` when it unpacks to more
    than 1 GiB or takes more memory to open than there is, `DamagedFileError` when it cannot be opened and
    `EmptyFileError` when every sheet is empty.
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
    """Have a process open it first that may end for want of memory; raises `RuntimeError` where it cannot run."""
    most = _most_mebibytes()
    command = [sys.executable, "-I", str(_OPENER), str(path), str(most), str(_OPENING_SECONDS)]
    # In a session of its own: what ends this process from a terminal says nothing of the file.
    ended = subprocess.run(command, capture_output=True, check=False, start_new_session=True)  # noqa: S603
    if ended.returncode == NO_MEMORY or ended.returncode < 0:
        seen = f"the workbook takes more than {most:,} MiB, or {_OPENING_SECONDS} seconds, to open"
        raise FileTooLargeError(seen, "Save the sheet as CSV, or delete what stands far from the table.")
    if ended.returncode not in (0, CANNOT_BE_OPENED):
        message = f"the process that opens workbooks ended with {ended.returncode}: {ended.stderr[-500:]!r}"
        raise RuntimeError(message)


def _most_mebibytes() -> int:
    """Give five eighths of the memory that this container or machine has, and 4 GiB at most: no sheet needs more."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # no container, or one without a limit
        memory = min(memory, int(_CONTAINER_MEMORY.read_text()))
    return min(_MOST_MEBIBYTES, memory * 5 // 8 // MEBIBYTE)


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
