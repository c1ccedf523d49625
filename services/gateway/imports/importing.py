"""Reads an import file row by row: what was accepted, what was refused and why, and what was noticed."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingLike
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.gateway.imports.building import BUILDERS
from services.gateway.imports.characters import holds_unstorable, storable
from services.gateway.imports.columns import Mapping, OdometerUnit, columns_named, detect
from services.gateway.imports.dates import DateOrder, decide_order
from services.gateway.imports.duplicates import Duplicates, Seen, finding_duplicates
from services.gateway.imports.errors import UnrecognisedColumnsError
from services.gateway.imports.fields import FIELDS, ImportKind
from services.gateway.imports.header import Header, data_rows, find_header
from services.gateway.imports.reading import open_table
from services.gateway.imports.row_reader import RowReader, written
from services.gateway.imports.rows import ImportedRow, RejectedRow, RowProblem
from services.gateway.imports.table import FileDescription, RawTable, SourceRow
from services.gateway.imports.warnings import WarningCount, WarningKind, WarningTally

_SAMPLE_ROWS: Final = 1000
_DATES: Final = ("stock_date", "sale_date", "first_seen", "last_seen", "snapshot_date")


@dataclass(slots=True)
class ImportCounts:
    """How many rows were read and what became of them: `rows` = `accepted` + `rejected` + `outdated`.

    `outdated` are listings older than one accepted before them; `replaced` are accepted listings that a later
    accepted one of the same VIN replaces.
    """

    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    outdated: int = 0
    replaced: int = 0


@dataclass(slots=True)
class ImportReading:
    """One file being read. Iterating gives accepted and rejected rows one at a time, in the file's order.

    `counts` and `warnings` grow while iterating and are final at its end; iterating again starts afresh. A
    part of the file that turns out damaged on the way raises `DamagedFileError`. `date_orders` has, for the
    position of each date column, the order of its parts and whether it had to be assumed.
    """

    table: RawTable
    header: Header
    description: FileDescription
    mapping: Mapping
    date_orders: MappingLike[int, tuple[DateOrder, bool]]
    as_of: dt.date
    default_odometer_unit: OdometerUnit
    counts: ImportCounts
    tally: WarningTally
    stores: Sequence[str] | None = None

    def stated(self, row: RejectedRow, field: str) -> list[str]:
        """Give what a refused row states of a field, in the order of its columns."""
        return written(row.cells, self.mapping.columns.get(field, ()))

    @property
    def warnings(self) -> tuple[WarningCount, ...]:
        """What was noticed so far, by kind, with counts and the first examples."""
        return self.tally.counts()

    def __iter__(self) -> Iterator[ImportedRow | RejectedRow]:
        """Read the file from its first row."""
        self.counts, self.tally = ImportCounts(), WarningTally()
        self._note_what_the_file_is()
        with finding_duplicates(self.tally) as duplicates:
            yield from self._judged(duplicates)

    def _judged(self, duplicates: Duplicates) -> Iterator[ImportedRow | RejectedRow]:
        counts, tally = self.counts, self.tally
        orders = {index: order for index, (order, _) in self.date_orders.items()}
        reader = RowReader(self.mapping, self.default_odometer_unit, orders, tally, self.stores)
        build = BUILDERS[self.mapping.kind]
        for source, damaged in map(_storable, data_rows(self.table, self.header)):
            if self.header.repeats(source.cells):
                tally.add(WarningKind.HEADER_REPEATED, source.line)
                continue
            counts.rows += 1
            if source.fault is not None:
                counts.rejected += 1
                yield _rejected(source, RowProblem(source.line, None, source.fault, None))
                continue
            reader.load(source.line, source.cells)
            if damaged:
                reader.warn(WarningKind.DAMAGED_TEXT)
            row = build(reader, self.as_of)
            if row is None:
                counts.rejected += 1
                yield _rejected(source, *reader.problems)
                continue
            seen = duplicates.judge(row)
            if isinstance(seen, RowProblem):
                counts.rejected += 1
                yield _rejected(source, seen)
            elif seen is Seen.PASS_OVER:
                counts.outdated += 1
            else:
                counts.accepted += 1
                reader.accept()
                counts.replaced += seen is Seen.REPLACE
                yield row

    def _note_what_the_file_is(self) -> None:
        first = self.header.line or 0
        for line in self.header.skipped:
            self.tally.add(WarningKind.PREAMBLE, line)
        if self.header.assumed:
            self.tally.add(WarningKind.HEADER_ASSUMED, 1)
        for index, (_, assumed) in self.date_orders.items():
            if assumed:
                self.tally.add(WarningKind.AMBIGUOUS_DATES, first, self.header.names[index])
        for index in self.mapping.columns.get("odometer", ()):
            name = self.header.names[index]
            if name.lower() == "miles" and self.default_odometer_unit == "km":
                self.tally.add(WarningKind.ODOMETER_UNIT, first, name)


def read_import(
    path: Path,
    filename: str,
    kind: ImportKind,
    *,
    as_of: dt.date,
    default_odometer_unit: OdometerUnit,
    override: MappingLike[str, str | None] | None = None,
    stores: Sequence[str] | None = None,
) -> ImportReading:
    """Open an import file and work out its columns; iterate the result to read its rows.

    `filename` is the sender's name for it, for messages. `as_of` is the day the file speaks of, in the
    store's time zone; `default_odometer_unit` is the store's and holds where neither column name nor cell
    states one. `override` maps field to column or column to field (None: leave the column out). A row
    whose store is none of `stores` is refused; None lets any pass. Raises a subclass of `ImportFileError`.
    """
    table = open_table(path, filename)
    told = {name for pair in (override or {}).items() for name in pair if name}
    header = find_header(table, kind, told)
    sample = [
        row.cells
        for row in itertools.islice(data_rows(table, header), _SAMPLE_ROWS)
        if row.fault is None and not header.repeats(row.cells)
    ]
    mapping = detect(header.names, sample, kind, override)
    if stores is not None and "store" in FIELDS[kind] and "store" not in mapping.columns:
        seen = (
            f"rows were to go to the rooftop they name, and no column names it among: {columns_named(header.names)}"
        )
        raise UnrecognisedColumnsError(
            seen, "Name it in the mapping, {'store': '<your column>'}, or leave out by_store."
        )
    return ImportReading(
        table=table,
        header=header,
        description=FileDescription(
            filename, table.format, table.encoding, table.delimiter, header.names, header.line
        ),
        mapping=mapping,
        date_orders={
            index: decide_order(row[index] for row in sample)
            for field in _DATES
            for index in mapping.columns.get(field, ())
        },
        as_of=as_of,
        default_odometer_unit=default_odometer_unit,
        counts=ImportCounts(),
        tally=WarningTally(),
        stores=stores,
    )


def _storable(row: SourceRow) -> tuple[SourceRow, bool]:
    """Give a row with cells that can be stored, and whether any of them could not."""
    if not holds_unstorable(row.cells):
        return row, False
    cells = [None if cell is None else storable(cell) for cell in row.cells]
    return SourceRow(row.line, cells, row.fault), True


def _rejected(source: SourceRow, *problems: RowProblem) -> RejectedRow:
    return RejectedRow(source.line, problems, tuple(source.cells))
