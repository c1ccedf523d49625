"""Opening what was uploaded, for tests of reading."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from services.gateway.imports import ImportKind, ImportReading, InventoryRow, RejectedRow, WarningKind, read_import

AS_OF = dt.date(2026, 4, 15)
Open = Callable[..., ImportReading]


@pytest.fixture
def read(tmp_path: Path) -> Open:
    def _read(
        content: bytes | str, name: str = "stock.csv", kind: ImportKind = ImportKind.INVENTORY
    ) -> ImportReading:
        path = tmp_path / "upload"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_import(path, name, kind, as_of=AS_OF, default_odometer_unit="mi")

    return _read


def accepted(reading: ImportReading) -> list[InventoryRow]:
    rows = list(reading)
    assert not [row.reason for row in rows if isinstance(row, RejectedRow)]
    return [row for row in rows if isinstance(row, InventoryRow)]


def noticed(reading: ImportReading) -> set[WarningKind]:
    return {warning.kind for warning in reading.warnings}
