"""Refused rows: mended and sent again, and harmless in a spreadsheet."""

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

from services.gateway.imports import (
    ImportKind,
    ImportReading,
    InventoryRow,
    RejectedCsv,
    RejectedRow,
    Rejection,
    read_import,
)

AS_OF = dt.date(2026, 4, 15)
STOCK = {
    "VIN": "WA1GCCFS9JR009139",
    "Year": "2018",
    "Make": "Audi",
    "Model": "Q3",
    "Price": "19250",
    "Condition": "Used",
}


def read(folder: Path, *rows: dict[str, str]) -> ImportReading:
    path = folder / "rows.tsv"
    lines = ["\t".join(STOCK), *("\t".join(row.values()) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_import(path, "rows.tsv", ImportKind.INVENTORY, as_of=AS_OF, default_odometer_unit="mi")


def test_refused_rows_can_be_mended_and_sent_again(tmp_path: Path) -> None:
    bad = {**STOCK, "Price": "19,2S0", "Model": 'Q3 "quattro", é'}
    reading = read(tmp_path, bad, {**STOCK, "VIN": ""})
    path = tmp_path / "rejected.csv"
    refused = [row for row in reading if isinstance(row, RejectedRow)]
    path.write_bytes(rejected_csv(reading.description.header, told(refused)))

    again = read_import(path, "rejected.csv", ImportKind.INVENTORY, as_of=AS_OF, default_odometer_unit="mi")
    assert again.mapping.unmapped[:2] == ("line", "reason")
    second_time = [row for row in again if isinstance(row, RejectedRow)]
    assert [row.problems[0].reason for row in second_time] == [row.problems[0].reason for row in refused]
    twice = rejected_csv(again.description.header, told(second_time)).decode("utf-8-sig")
    header = twice.splitlines()[0]
    assert header == ",".join(["line", "reason", *STOCK])

    path.write_text(path.read_text(encoding="utf-8-sig").replace("19,2S0", "19250"), encoding="utf-8")
    mended = read_import(path, "rejected.csv", ImportKind.INVENTORY, as_of=AS_OF, default_odometer_unit="mi")
    (first, _) = mended
    assert isinstance(first, InventoryRow)
    assert first.model == 'Q3 "quattro", é'


def told(rows: list[RejectedRow]) -> list[Rejection]:
    return [Rejection(row.line, row.reason, row.cells) for row in rows]


def rejected_csv(header: Sequence[str], rows: Iterable[Rejection]) -> bytes:
    file = RejectedCsv(header)
    return file.header() + b"".join(file.lines([row]) for row in rows)


def test_a_refused_cell_is_no_formula_to_a_spreadsheet_and_itself_when_sent_again(tmp_path: Path) -> None:
    (row,) = read(tmp_path, {**STOCK, "Model": "=1+1", "Price": "x"})
    assert isinstance(row, RejectedRow)
    path = tmp_path / "rejected.csv"
    path.write_bytes(rejected_csv(tuple(STOCK), told([row])))
    assert "'=1+1" in path.read_text(encoding="utf-8-sig")
    path.write_text(path.read_text(encoding="utf-8-sig").replace(",x,", ",100,"), encoding="utf-8")
    (again,) = read_import(path, "r.csv", ImportKind.INVENTORY, as_of=AS_OF, default_odometer_unit="mi")
    assert isinstance(again, InventoryRow)
    assert again.model == "=1+1"
