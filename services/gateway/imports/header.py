"""Finds the header of a table, or recognises the one documented feed that comes without."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.gateway.imports.characters import storable
from services.gateway.imports.columns import looks_like_vin
from services.gateway.imports.errors import EmptyFileError, MissingHeaderError, NotATableError
from services.gateway.imports.fields import CARSFORSALE_ORDER, ImportKind
from services.gateway.imports.naming import field_named
from services.gateway.imports.table import RawTable, SourceRow

_ROWS_ABOVE: Final = 20
_ENOUGH_NAMES: Final = 2
_LONGEST_NAME: Final = 100
LONGEST_COLUMN_NAME: Final = 500
MOST_COLUMNS: Final = 2_000
_NAME_THEM: Final = "Put a line with the column names first, such as VIN,Year,Make,Model,Mileage,Price."


@dataclass(frozen=True, slots=True)
class Header:
    """Column names made unique; `line` is where they stood, None if the file has none or keeps them apart.

    `skipped` are the numbers of rows above it; `assumed` says the names are those of a documented feed.
    """

    names: tuple[str, ...]
    line: int | None
    skipped: tuple[int, ...] = ()
    assumed: bool = False
    written: tuple[str, ...] = ()

    def repeats(self, cells: Sequence[str | None]) -> bool:
        """Tell whether a row is the header once more."""
        if len(cells) != len(self.written) or not cells or (cells[0] or "").strip() != self.written[0]:
            return False
        return all((cell or "").strip() == name for cell, name in zip(cells, self.written, strict=True))


def find_header(table: RawTable, kind: ImportKind, told: Iterable[str] = ()) -> Header:
    """Find the row that names the columns among the first 20, so that a title above it does no harm.

    `told` are column names the sender mapped. Raises `EmptyFileError` when there is no row,
    `MissingHeaderError` when the first row already holds a vehicle and its layout is not a documented one, and
    `NotATableError` when there are more columns than a table of vehicles has, or longer names.
    """
    if table.header is not None:
        return Header(_names(tuple(map(storable, table.header))), None)
    rows = list(itertools.islice(table.rows(), _ROWS_ABOVE))
    if not rows:
        raise EmptyFileError("the file has no rows", "Check the export; an empty lot is sent as a header alone.")
    for row in rows:  # spreadsheets write thousands of blank cells behind a table
        _check_width(sum(1 for cell in row.cells if cell and cell.strip()))
    known = frozenset(told)
    best = max(rows, key=lambda row: _names_recognised(row, kind, known))  # the first one, on a tie
    if _names_recognised(best, kind, known) < _ENOUGH_NAMES:
        best = rows[0]
        if any(looks_like_vin(cell) for cell in best.cells if cell):
            return _headless(best)
    written = _without_blank_tail(tuple(storable(cell or "").strip() for cell in best.cells))
    above = tuple(row.line for row in itertools.takewhile(lambda row: row is not best, rows))
    return Header(_names(written), best.line, above, written=written)


def data_rows(table: RawTable, header: Header) -> Iterator[SourceRow]:
    """Yield the rows below the header; one with more or fewer cells than the header carries a fault."""
    width = len(header.names)
    above = len(header.skipped) + 1 if header.line is not None else 0
    for row in itertools.islice(table.rows(), above, None):
        surplus = len(row.cells) - width
        if row.fault is not None or surplus == 0:
            yield row
        elif surplus > 0 and not any(row.cells[width:]):
            yield SourceRow(row.line, row.cells[:width])
        else:
            fault = f"the row has {len(row.cells)} cells where the header has {width}"
            yield SourceRow(row.line, row.cells, fault)


def _names_recognised(row: SourceRow, kind: ImportKind, told: frozenset[str]) -> int:
    names = {cell.strip() for cell in row.cells if cell}
    if row.fault is not None or any(map(looks_like_vin, names)):
        return 0
    fields = {found[0] for name in names if len(name) <= _LONGEST_NAME and (found := field_named(name, kind))}
    return len(fields) + len(names & told)


def _headless(first: SourceRow) -> Header:
    vin_at = CARSFORSALE_ORDER.index("VIN")
    if len(first.cells) == len(CARSFORSALE_ORDER) and looks_like_vin(first.cells[vin_at] or ""):
        return Header(tuple(CARSFORSALE_ORDER), None, assumed=True)
    seen = f"row {first.line} already holds a vehicle ({len(first.cells)} columns) and nothing names the columns"
    raise MissingHeaderError(seen, _NAME_THEM)


def _without_blank_tail(names: tuple[str, ...]) -> tuple[str, ...]:
    filled = max((place for place, name in enumerate(names, start=1) if name), default=len(names))
    return names[:filled]


def _names(written: Sequence[str]) -> tuple[str, ...]:
    """Check names and make them unique: they are shown, stored and searched for, each with each row."""
    _check_width(len(written))
    longest = max(map(len, written), default=0)
    if longest > LONGEST_COLUMN_NAME:
        seen = f"a column has a name of {longest:,} characters"
        raise NotATableError(seen, _NAME_THEM)
    return _unique(written)


def _check_width(columns: int) -> None:
    if columns > MOST_COLUMNS:
        seen = f"the file has {columns:,} columns"
        raise NotATableError(seen, f"Send a table with one vehicle a row and at most {MOST_COLUMNS:,} columns.")


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    unique: dict[str, None] = {}
    for place, name in enumerate(names, start=1):
        plain = name.strip() or f"column_{place}"
        candidate, copies = plain, 0
        while candidate in unique:
            copies += 1
            candidate = f"{plain}.{copies}"
        unique[candidate] = None
    return tuple(unique)
