"""A delimited file in the making: its columns, its rows and what is wrong with them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Outcome = Literal["reject", "clean", "skip"]
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Blemish:
    """What is wrong with a row, in which column, and what an importer should do.

    ``reject``: quarantine the row; ``clean``: accept it after cleaning; ``skip``: it holds no record at all.
    """

    field: str
    reason: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one line, and its blemish if it was soiled on purpose."""

    cells: tuple[str, ...]
    blemish: Blemish | None = None


@dataclass(frozen=True, slots=True)
class Column(Generic[Record]):
    """One column of a dialect: its header, its text for a record, our name for it where soiling needs one."""

    header: str
    text: Callable[[Record], str | int]
    field: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One file; ``positions`` gives the column of each of our field names that the dialect has."""

    header: tuple[str, ...]
    positions: dict[str, int]
    rows: tuple[Row, ...]
    delimiter: str = ","
    byte_order_mark: bool = False

    def cell(self, row: Row, field: str) -> str:
        """Return a row's text for one of our fields; raises KeyError when the dialect has no such column."""
        return row.cells[self.positions[field]]

    def with_cell(self, row: Row, field: str, text: str, blemish: Blemish) -> Row:
        """Return the row with another text in one of our fields and the blemish that this is."""
        position = self.positions[field]
        return Row((*row.cells[:position], text, *row.cells[position + 1 :]), blemish)

    def header_of(self, field: str) -> str:
        """Return the header of one of our fields; raises KeyError when the dialect has no such column."""
        return self.header[self.positions[field]]

    def with_rows(self, rows: tuple[Row, ...]) -> Table:
        """Return the table with other rows."""
        return replace(self, rows=rows)

    def encoded(self) -> bytes:
        """Return the file as UTF-8 bytes, with a byte-order mark where it has one."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self.delimiter, lineterminator="\n")
        writer.writerow(self.header)
        writer.writerows(row.cells for row in self.rows)
        return text.getvalue().encode("utf-8-sig" if self.byte_order_mark else "utf-8")


def lay_out(
    columns: tuple[Column[Record], ...],
    records: Iterable[Record],
    *,
    delimiter: str = ",",
    byte_order_mark: bool = False,
) -> Table:
    """Return the file that a dialect makes of some records, one row each."""
    return Table(
        header=tuple(column.header for column in columns),
        positions={column.field: position for position, column in enumerate(columns) if column.field},
        rows=tuple(Row(tuple(str(column.text(record)) for column in columns)) for record in records),
        delimiter=delimiter,
        byte_order_mark=byte_order_mark,
    )
