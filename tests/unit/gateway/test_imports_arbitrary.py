"""Whatever bytes come: rows, or a refusal that says what was seen and what to do; nothing else escapes."""

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from imports_sample_files import HEADER, ROWS, text_of, workbook

from services.gateway.imports import ImportFileError, ImportKind, read_import

AS_OF = dt.date(2026, 4, 15)
SUPPRESSED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def _drain(path: Path, kind: ImportKind) -> None:
    """Read everything; counts add up, or the refusal says what was seen and what to do."""
    refusal = None
    try:
        reading = read_import(path, "upload", kind, as_of=AS_OF, default_odometer_unit="km")
        outcomes = list(reading)
    except ImportFileError as error:
        refusal = error
    if refusal is not None:
        assert refusal.seen
        assert refusal.remedy
    else:
        counts = reading.counts
        assert counts.rows == counts.accepted + counts.rejected + counts.outdated
        assert len(outcomes) == counts.accepted + counts.rejected


TABLE_BYTES = st.text(alphabet='VINMake123,;\t|"\n\r{}[]:ÿ\u2028', max_size=300).map(str.encode)
MAGIC = st.sampled_from([b"", b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe", b"{", b"["])


@settings(max_examples=400, suppress_health_check=SUPPRESSED)
@given(magic=MAGIC, content=st.binary(max_size=400) | TABLE_BYTES, kind=st.sampled_from(list(ImportKind)))
@example(magic=b"", content=b"VIN,Make,Model\n" + b'"' * 9, kind=ImportKind.INVENTORY)
@example(magic=b"", content=b"VIN,Sale Date\n11111111111111111,99/99/9999\n", kind=ImportKind.SALES)
def test_arbitrary_bytes_raise_nothing_but_import_file_errors(
    tmp_path: Path, magic: bytes, content: bytes, kind: ImportKind
) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(magic + content)
    _drain(path, kind)


@settings(max_examples=150, suppress_health_check=SUPPRESSED)
@given(data=st.data(), form=st.sampled_from(["xlsx", "parquet", "csv", "json"]))
def test_damaged_files_raise_nothing_but_import_file_errors(tmp_path: Path, data: st.DataObject, form: str) -> None:
    path = tmp_path / f"whole.{form}"
    if form == "xlsx":
        workbook(path, [HEADER, *ROWS])
    elif form == "parquet":
        pq.write_table(pa.table({name: [row[i] for row in ROWS] for i, name in enumerate(HEADER)}), path)
    elif form == "json":
        path.write_text(json.dumps([dict(zip(HEADER, row, strict=True)) for row in ROWS]))
    else:
        path.write_text(text_of(), encoding="utf-8")
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    _drain(path, ImportKind.INVENTORY)


@given(cells=st.lists(st.text(max_size=30), min_size=len(HEADER), max_size=len(HEADER)))
@settings(max_examples=200, suppress_health_check=SUPPRESSED)
def test_arbitrary_cells_are_a_row_or_a_refusal(tmp_path: Path, cells: list[str]) -> None:
    path = tmp_path / "cells"
    items = [dict(zip([*HEADER, "Year"], [*cells, "2018"], strict=True))]
    path.write_text(json.dumps(items), encoding="utf-8")
    _drain(path, ImportKind.INVENTORY)
