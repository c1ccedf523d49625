"""Vehicles that stand in a file more than once; they are noted on disk, so memory grows with nothing."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import Enum, auto
from typing import Final

from services.gateway.imports.rows import ImportedRow, InventoryRow, ListingRow, RowProblem, SaleRow
from services.gateway.imports.warnings import WarningKind, WarningTally

_KIBIBYTES_HELD: Final = 8 * 1024
_NO_ROOM: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})
_PRIMARY_CODE: Final = 0xFF


class Seen(Enum):
    """What to do with a row that is well formed."""

    TAKE = auto()
    REPLACE = auto()
    PASS_OVER = auto()


class Duplicates:
    """Remembers which line holds each vehicle and judges the rows that name it again."""

    def __init__(self, notes: sqlite3.Connection, warnings: WarningTally) -> None:
        """Start with no vehicle seen; ``notes`` is an empty database of its own."""
        self._warnings = warnings
        self._notes = notes
        notes.execute(f"PRAGMA cache_size = -{_KIBIBYTES_HELD}")
        notes.execute("PRAGMA journal_mode = OFF")
        notes.execute("BEGIN")  # never committed: one transaction from the first row to the last
        notes.execute("CREATE TABLE seen (name TEXT PRIMARY KEY, line INTEGER, day INTEGER) WITHOUT ROWID")

    def judge(self, row: ImportedRow) -> Seen | RowProblem:
        """Judge a row: in stock a VIN stands once, a sale once a day; of listings the newest is kept.

        Raises ``OSError`` where the disk takes no more.
        """
        try:
            if isinstance(row, InventoryRow):
                held = self._first_line_of(row.vin, row.line)
                what = "the vehicle is already in stock"
            elif isinstance(row, SaleRow):
                held = self._first_line_of(f"{row.vin} {row.sale_date}", row.line)
                what = f"the sale of this vehicle on {row.sale_date} already stands"
            else:
                return self._judge_listing(row)
        except sqlite3.OperationalError as error:
            if (error.sqlite_errorcode & _PRIMARY_CODE) not in _NO_ROOM:
                raise
            raise OSError(errno.ENOSPC, f"the temporary folder takes no more: {error}") from error
        return Seen.TAKE if held == row.line else RowProblem(row.line, "vin", f"{what} on line {held}", row.vin)

    def _first_line_of(self, name: str, line: int) -> int:
        if self._notes.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, 0)", (name, line)).rowcount:
            return line
        return int(self._notes.execute("SELECT line FROM seen WHERE name = ?", (name,)).fetchone()[0])

    def _judge_listing(self, row: ListingRow) -> Seen:
        seen_on = row.last_seen or row.snapshot_date or row.first_seen
        day = seen_on.toordinal() if seen_on else 0
        held = self._notes.execute("SELECT line, day FROM seen WHERE name = ?", (row.vin,)).fetchone()
        if held is not None and day < held[1]:
            self._warnings.add(WarningKind.DUPLICATE_OLDER, row.line, f"{row.vin}, newer on line {held[0]}")
            return Seen.PASS_OVER
        self._notes.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", (row.vin, row.line, day))
        if held is None:
            return Seen.TAKE
        self._warnings.add(WarningKind.DUPLICATE_REPLACED, row.line, f"{row.vin}, earlier on line {held[0]}")
        return Seen.REPLACE


@contextmanager
def finding_duplicates(warnings: WarningTally) -> Iterator[Duplicates]:
    """Judge rows until the block ends, from whichever thread; what was noted on disk goes with it."""
    # The empty name is SQLite's for a database that nobody else can open and that spills to the temporary folder.
    with closing(sqlite3.connect("", check_same_thread=False, isolation_level=None)) as notes:
        yield Duplicates(notes, warnings)
