"""Files: formats, encodings, damaged shapes; what is not a table is refused with a reason, nothing else escapes."""

import datetime as dt
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import imports_opened
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from imports_opened import Open, accepted, noticed
from imports_sample_files import HEADER, ROWS, sparse_workbook, text_of, workbook

from services.gateway.imports import (
    DamagedFileError,
    EmptyFileError,
    FileFormat,
    FileTooLargeError,
    ImportFileError,
    ImportKind,
    InventoryRow,
    MissingHeaderError,
    NotATableError,
    RejectedRow,
    UnrecognisedColumnsError,
    WarningKind,
)

read = imports_opened.read


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_every_delimiter_and_encoding_reads_the_same(read: Open, delimiter: str, encoding: str) -> None:
    reading = read(text_of(delimiter).encode(encoding))
    assert reading.description.delimiter == delimiter
    assert [row.model for row in accepted(reading)] == ["Q3 façade", "Model 3"]
    assert [row.line for row in accepted(reading)] == [2, 3]


def test_the_code_page_is_found_even_when_the_first_accent_comes_late(read: Open) -> None:
    filler = "".join(f"5YJ3E1EA{'X' * 9},Tesla,3,Used,1\n" for _ in range(60_000)).encode()
    reading = read(text_of().split("\n")[0].encode() + b"\n" + filler + text_of().split("\n")[1].encode("cp1252"))
    assert reading.description.encoding == "cp1252"


def test_a_workbook_reads_like_text_with_a_title_above_its_header(read: Open, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    workbook(path, [["Stock list", "", "", "", ""], HEADER, ROWS[0], [*ROWS[1][:4], 19875.5]])
    reading = read(path.read_bytes(), "book.xlsx")
    rows = accepted(reading)
    assert reading.description.format is FileFormat.WORKBOOK
    assert [str(row.list_price) for row in rows] == ["19250.00", "19875.50"]
    assert [row.line for row in rows] == [3, 4]
    assert WarningKind.PREAMBLE in noticed(reading)


@pytest.mark.parametrize(
    ("shape", "form"),
    [
        (json.dumps, FileFormat.JSON),
        (lambda items: json.dumps({"count": 2, "items": items}, indent=1), FileFormat.JSON),
        (lambda items: '{"vehicles": [\n' + ",\n".join(map(json.dumps, items)) + "]}", FileFormat.JSON),
        (lambda items: "\n".join(map(json.dumps, items)), FileFormat.NDJSON),
    ],
)
def test_json_in_every_shape(read: Open, shape: Callable[[object], str], form: FileFormat) -> None:
    items = [
        {"vehicle": {"vin": row[0], "make": row[1], "model": row[2]}, "condition": "used", "price": 19250.125}
        for row in ROWS
    ]
    reading = read(shape(items), "stock.json")
    assert reading.description.format is form
    assert {str(row.list_price) for row in accepted(reading)} == {"19250.12"}


def test_a_broken_json_line_is_refused_alone(read: Open) -> None:
    good = json.dumps(dict(zip(HEADER, ROWS[0], strict=True)))
    rows = list(read(f"{good}\n{{broken}}\n"))
    assert [type(row) for row in rows] == [InventoryRow, RejectedRow]
    assert "not an object" in rows[1].reason  # type: ignore[union-attr]


def test_parquet_keeps_types(read: Open, tmp_path: Path) -> None:
    table = pa.table(
        {
            "vin": [row[0] for row in ROWS],
            "make": ["Audi", "Tesla"],
            "model": ["Q3", "3"],
            "condition": ["used", "used"],
            "price": [19250.125, None],
            "stock_date": [dt.date(2026, 3, 1), None],
        }
    )
    pq.write_table(table, tmp_path / "stock.parquet")
    rows = accepted(read((tmp_path / "stock.parquet").read_bytes()))
    assert [(str(row.list_price), row.stock_date) for row in rows] == [
        ("19250.12", dt.date(2026, 3, 1)),
        ("None", None),
    ]


def test_quoted_line_breaks_and_commas_stay_in_their_cell(read: Open) -> None:
    reading = read('VIN,Make,Model,Trim,Condition\nWA1GCCFS9JR009139,Audi,Q3,"a, ""b""\nc",Used\n' + ",,,,\n\n")
    (row,) = accepted(reading)
    assert row.trim == 'a, "b"\nc'
    assert reading.counts.rows == 1


@pytest.mark.parametrize("spoilt", ['WA1GCCFS9JR009139,"Audi,Q3,Used,1', 'WA1GCCFS9JR009139,Audi,Q3,Used,"1'])
@pytest.mark.parametrize("following", [1, 500])
def test_an_unclosed_quote_costs_one_row_not_the_rest(read: Open, spoilt: str, following: int) -> None:
    good = "5YJ3E1EA7KF321382,Tesla,Model 3,Used,1"
    text = "\n".join([",".join(HEADER), spoilt, *[good] * following]) + "\n"
    rows = list(read(text))
    assert isinstance(rows[0], RejectedRow)
    assert "quote" in rows[0].reason
    assert isinstance(rows[1], InventoryRow)
    assert [row.line for row in rows] == list(range(2, following + 3))


@pytest.mark.parametrize(("row", "count"), [("WA1GCCFS9JR009139,Audi", 2), (",".join([*ROWS[0], "x"]), 6)])
def test_a_ragged_row_is_refused_alone(read: Open, row: str, count: int) -> None:
    rows = list(read(f"{','.join(HEADER)}\n{row}\n{','.join(ROWS[1])}\n"))
    assert isinstance(rows[0], RejectedRow)
    assert rows[0].reason == f"the row has {count} cells where the header has 5"
    assert isinstance(rows[1], InventoryRow)


def test_trailing_delimiters_are_no_harm(read: Open) -> None:
    assert len(accepted(read(f"{','.join(HEADER)}\n{','.join(ROWS[0])},,\n"))) == 1


def test_a_repeated_header_and_a_repeated_name(read: Open) -> None:
    header = ",".join([*HEADER, "Comment", "Comment"])
    reading = read(f"{header}\n{','.join(ROWS[0])},a,b\n{header}\n{','.join(ROWS[1])},a,b\n")
    assert len(accepted(reading)) == 2
    assert reading.description.header[-2:] == ("Comment", "Comment.1")
    assert WarningKind.HEADER_REPEATED in noticed(reading)


def test_the_documented_headless_feed_is_recognised(read: Open) -> None:
    row = (
        "77,U,WA1GCCFS9JR009139,A1,Audi,Q3,2018,Technik,SUV,51000,2.0,4,Gas,Auto,19250,White,Black,"
        "x,y,http://a/1.jpg|http://a/2.jpg"
    )
    reading = read(row + "\n")
    (vehicle,) = accepted(reading)
    assert (vehicle.stock_number, vehicle.odometer, vehicle.photo_count) == ("A1", 51000, 2)
    assert reading.description.header_line is None
    assert WarningKind.HEADER_ASSUMED in noticed(reading)


@pytest.mark.parametrize(
    ("content", "error", "complaint"),
    [
        (b"", EmptyFileError, "is empty"),
        (b"\xef\xbb\xbf\r\n \n", EmptyFileError, "is empty"),
        (b"\x89PNG\r\n\x1a\n0000", NotATableError, "PNG picture"),
        (b"%PDF-1.7 x", NotATableError, "PDF document"),
        (b"VIN,Make\n\0\0\0", NotATableError, "NUL bytes"),
        (b"<html><body>Sign in</body></html>", NotATableError, "web page"),
        (b"PK\x03\x04garbage", DamagedFileError, "workbook cannot be opened"),
        (b"PAR1garbagePAR1", DamagedFileError, "Parquet"),
        (b'{"a": [1, 2', DamagedFileError, "breaks at line 1"),
        (b"[1, 2, 3]", NotATableError, "no list of objects"),
        (b"[]", EmptyFileError, "list is empty"),
        (b"[" * 100_000, DamagedFileError, "deeply|breaks"),
        (b"hello world\nthis is prose\n", UnrecognisedColumnsError, "hello world"),
        (b"WA1GCCFS9JR009139,Audi,Q3\n5YJ3E1EA7KF321382,Tesla,3\n", MissingHeaderError, "nothing names the columns"),
        ("VIN,Make\n".encode("utf-16") + b"\x00", DamagedFileError, "UTF-16"),
    ],
)  # fmt: skip
def test_a_whole_file_is_refused_with_what_was_seen(
    read: Open, content: bytes, error: type[ImportFileError], complaint: str
) -> None:
    with pytest.raises(error, match=complaint) as refusal:
        list(read(content, "upload.bin"))
    assert refusal.value.remedy


def test_an_archive_that_is_no_workbook_names_what_it_holds(read: Open, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("stock.csv", text_of())
    with pytest.raises(NotATableError, match=r"holding stock\.csv"):
        read((tmp_path / "a.zip").read_bytes(), "a.zip")


def test_a_header_alone_is_an_empty_lot_and_no_error(read: Open) -> None:
    reading = read(",".join(HEADER) + "\n")
    assert list(reading) == []
    assert reading.counts.rows == 0


def test_reading_twice_gives_the_same(read: Open) -> None:
    reading = read(text_of() + "WA1GCCFS9JR009139,Audi,Q3,Used,-1\n")
    first = (list(reading), reading.counts, reading.warnings)
    assert (list(reading), reading.counts, reading.warnings) == first


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        ("x" * 5_000_000 + "\nred\n", "stock.csv", "name of 5,000,000 characters"),
        ("a," * 200_000 + "VIN\n", "stock.csv", "200,001 columns"),
        (
            json.dumps([{"vin": "x", **{f"k{place}": 1 for place in range(20_000)}}] + [{}] * 3_000),
            "stock.json",
            "20,001 columns",
        ),
    ],
    ids=["one long line", "one name again and again", "one wide object"],
)
def test_what_is_wider_than_any_table_is_refused_before_it_is_read(
    read: Open, content: str, name: str, told: str
) -> None:
    """Names are shown, stored and searched for with each row: a small file could keep a process busy for days."""
    with pytest.raises(ImportFileError, match=told) as refused:
        read(content, name)
    assert len(str(refused.value)) < 1_000


def test_a_workbook_of_two_cells_far_apart_ends_no_process(tmp_path: Path, read: Open) -> None:
    """Its reader holds a rectangle from the first to the last, here of 512 GB, and would end its whole process."""
    path = tmp_path / "sparse.xlsx"
    sparse_workbook(path, "XFD1048576")
    with pytest.raises(FileTooLargeError, match=r"takes more than .* MiB.*Save the sheet as CSV"):
        read(path.read_bytes(), "stock.xlsx")
    sparse_workbook(path, "A900")
    with pytest.raises(UnrecognisedColumnsError):
        list(read(path.read_bytes(), "stock.xlsx", ImportKind.SALES))


def test_what_an_error_quotes_is_cut() -> None:
    error = NotATableError("the archive holds " + "x" * 65_000, "y" * 65_000)
    assert len(str(error)) < 5_000


def test_blank_cells_behind_a_table_are_no_columns(read: Open) -> None:
    """As a spreadsheet saves a table once somebody formatted whole rows."""
    content = "".join(line + "," * 16_000 + "\n" for line in text_of().splitlines())
    assert len(accepted(read(content))) == len(ROWS)


def test_objects_keyed_by_ids_hide_no_vehicle(read: Open) -> None:
    items = [
        {**dict(zip(HEADER, row, strict=True)), "photos": {f"{number}-{place}": "x" for place in range(1_500)}}
        for number, row in enumerate(ROWS)
    ]
    reading = read(json.dumps(items), "stock.json")
    assert len(accepted(reading)) == len(ROWS)
    assert len(reading.header.names) < 2_000


def test_what_ends_the_opener_for_another_reason_is_not_the_files_fault(
    tmp_path: Path, read: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener = tmp_path / "opener.py"
    opener.write_text("import sys; sys.exit('no such library')")
    monkeypatch.setattr("services.gateway.imports.workbook._OPENER", opener)
    path = tmp_path / "stock.xlsx"
    workbook(path, [HEADER, *ROWS])
    with pytest.raises(RuntimeError, match="no such library"):
        read(path.read_bytes(), "stock.xlsx")
