"""Delimited text: which character separates the cells, and rows that survive an unclosed quote."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from services.gateway.imports.encoding import detect_encoding
from services.gateway.imports.table import FileFormat, RawTable, SourceRow

DELIMITERS: Final = (",", "\t", ";", "|")
_SAMPLE: Final = 256 * 1024
_SAMPLE_ROWS: Final = 200
_LINES_PER_ROW: Final = 200
_UNCLOSED: Final = "a quote on this line is opened and not closed, or a cell is longer than 128 KiB"


def open_delimited(path: Path) -> RawTable:
    """Find encoding and delimiter of a text file; rows are then read lazily, one at a time.

    Raises `NotATableError` when the bytes are not text.
    """
    encoding = detect_encoding(path)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        delimiter, width = sniff_delimiter(file.read(_SAMPLE))
    return RawTable(
        format=FileFormat.DELIMITED,
        encoding=encoding,
        delimiter=delimiter,
        header=None,
        rows=lambda: _rows(path, encoding, delimiter, width),
    )


def sniff_delimiter(sample: str) -> tuple[str, int]:
    """Choose the delimiter under which the sample's rows have the same number of cells, and more than one.

    Cells in quotes are honoured, so commas inside a description do not vote. One column, or a tie, means a
    comma. Returns the delimiter and the usual number of cells.
    """
    regularity = {delimiter: _regularity(sample, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=regularity.__getitem__)
    return best, regularity[best][1]


def _regularity(sample: str, delimiter: str) -> tuple[float, int]:
    widths: list[int] = []
    try:
        for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            if any(row):
                widths.append(len(row))
            if len(widths) >= _SAMPLE_ROWS:
                break
    except csv.Error:
        widths = widths or [1]  # an overlong cell ends the sample early; the rows before it have voted
    if not widths:
        return (0.0, 1)
    width, votes = Counter(widths).most_common(1)[0]
    if width == 1:
        return (0.0, 1)
    header_agrees = 1.0 if widths[0] == width else 0.5
    return (round(header_agrees * votes / len(widths), 1), width)


class _TooManyLinesError(Exception):
    """A cell ran over more lines than any description does."""


class _Lines:
    """Physical lines of a file, keeping those of the current row so that they can be given back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._returned: list[str] = []
        self.current: list[str] = []
        self.ended = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.current) >= _LINES_PER_ROW:
            raise _TooManyLinesError
        if self._returned:
            line = self._returned.pop()
        else:
            line = next(self._lines, "")
            if not line:
                self.ended = True
                raise StopIteration
        self.current.append(line)
        return line

    def give_back_all_but_first(self) -> None:
        self._returned.extend(reversed(self.current[1:]))
        self.ended = False


def _rows(path: Path, encoding: str, delimiter: str, width: int) -> Iterator[SourceRow]:
    """Yield every row that is not blank.

    A quote that is never closed would swallow the rows after it. When a row over several lines is
    malformed, only its first line is given up and the others are read again as rows of their own.
    """
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        lines = _Lines(file)
        reader = csv.reader(lines, delimiter=delimiter)
        number = 1
        while True:
            lines.current.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _TooManyLinesError):
                sound = False
            else:
                span = len(lines.current)
                # The reader asks for another line only inside quotes: at the end of the file they stay open.
                sound = not lines.ended and (span == 1 or _well_quoted(lines.current, delimiter, width))
            if sound:
                if any(cells) and not all(map(str.isspace, filter(None, cells))):
                    yield SourceRow(number, cells)
                number += span
            else:
                yield SourceRow(number, _cells_of(lines.current[0], delimiter), _UNCLOSED)
                lines.give_back_all_but_first()
                number += 1


def _well_quoted(lines: list[str], delimiter: str, width: int) -> bool:
    try:
        return len(next(csv.reader(lines, delimiter=delimiter, strict=True))) == width
    except csv.Error:
        return False


def _cells_of(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except csv.Error:
        return line.rstrip("\r\n").split(delimiter)
