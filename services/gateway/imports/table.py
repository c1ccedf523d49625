"""A file seen as a table: numbered rows of text cells, whatever format they came in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class FileFormat(StrEnum):
    """The formats an import accepts."""

    DELIMITED = "delimited text"
    WORKBOOK = "Excel workbook"
    JSON = "JSON"
    NDJSON = "JSON lines"
    PARQUET = "Parquet"


class SourceRow(NamedTuple):
    """One row as it stands in the file: its number there, its cells, and what broke its shape, if anything.

    `line` counts physical lines from 1 in text, rows from 1 in a workbook or Parquet file, items from 1 in
    JSON.
    """

    line: int
    cells: Sequence[str | None]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class RawTable:
    """Rows before the header is known; `header` is set only by formats with column names of their own."""

    format: FileFormat
    encoding: str | None
    delimiter: str | None
    header: tuple[str, ...] | None
    rows: Callable[[], Iterator[SourceRow]]


@dataclass(frozen=True, slots=True)
class FileDescription:
    """What the file turned out to be, for the person who sent it.

    `header` holds the column names made unique; `header_line` is where they stood (None: the file had none);
    `width` is how many cells a row must have.
    """

    filename: str
    format: FileFormat
    encoding: str | None
    delimiter: str | None
    header: tuple[str, ...]
    header_line: int | None

    @property
    def width(self) -> int:
        """How many cells each row must have."""
        return len(self.header)


def number_text(number: float) -> str:
    """Write a number so that it reads back exactly: never three decimals, which stand for thousands."""
    if number.is_integer():
        return str(int(number))
    text = repr(number)
    return f"{text}0" if text[-4:-3] == "." else text
