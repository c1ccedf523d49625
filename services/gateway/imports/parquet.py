"""Parquet files, read in batches so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from services.gateway.imports.errors import DamagedFileError, EmptyFileError
from services.gateway.imports.table import FileFormat, RawTable, SourceRow, number_text

_BATCH: Final = 256
"""Rows: a text that stands once in a file of a few hundred bytes may be meant in each, and is in memory as often."""


def open_parquet(path: Path) -> RawTable:
    """Open a Parquet file with its own column names.

    Raises `DamagedFileError` when it cannot be opened (while iterating: when a later part cannot be read) and
    `EmptyFileError` when it has no column.
    """
    try:
        with pq.ParquetFile(path) as file:
            names = tuple(file.schema_arrow.names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(error) from error
    if not names:
        raise EmptyFileError("the Parquet file has no columns", "Check the export.")
    return RawTable(FileFormat.PARQUET, None, None, names, lambda: _rows(path))


def _rows(path: Path) -> Iterator[SourceRow]:
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_BATCH):
                columns = [column.to_pylist() for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    number += 1
                    yield SourceRow(number, [_text(cell) for cell in cells])
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(error) from error


def _text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bytes):
        return cell.decode("utf-8", errors="replace")
    if isinstance(cell, float):
        return number_text(cell)
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)


def _damaged(error: Exception) -> DamagedFileError:
    return DamagedFileError(f"the Parquet file cannot be read ({str(error).splitlines()[0]})", "Export it again.")
