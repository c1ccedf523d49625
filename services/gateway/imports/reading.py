"""Opens any accepted file by what is in it; the name's ending is never trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from services.gateway.imports.delimited import open_delimited
from services.gateway.imports.errors import EmptyFileError, NotATableError
from services.gateway.imports.json_rows import open_json
from services.gateway.imports.table import RawTable
from services.gateway.imports.workbook import open_workbook

ACCEPTED: Final = "Send CSV, TSV, XLSX, JSON, JSON lines or Parquet."
_START: Final = 4096
_WORKBOOK: Final = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_FOREIGN: Final = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF-", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x7fELF", "a program"),
)


def open_table(path: Path, filename: str) -> RawTable:
    """Recognise the format from the first bytes and open the file; rows are read only when asked for.

    `filename` is the sender's name for it, used in messages alone. Raises a subclass of `ImportFileError`.
    """
    with path.open("rb") as file:
        start = file.read(_START)
    if not start.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0"):
        _refuse_blank(path, filename)
    for magic, kind in _FOREIGN:
        if start.startswith(magic):
            raise NotATableError(f"{filename} is {kind}, not a table", ACCEPTED)
    if start.startswith(_WORKBOOK):
        return open_workbook(path)
    if start.startswith(b"PAR1"):
        from services.gateway.imports.parquet import open_parquet  # noqa: PLC0415  # pyarrow takes 40 MB

        return open_parquet(path)
    text = start.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if text.startswith((b"{", b"[")):
        return open_json(path)
    if text.startswith(b"<"):
        seen = f"{filename} is a web page or XML, perhaps a log-in page saved instead of the export"
        raise NotATableError(seen, ACCEPTED)
    return open_delimited(path)


def _refuse_blank(path: Path, filename: str) -> None:
    size = path.stat().st_size
    if size <= _START:
        raise EmptyFileError(f"{filename} is empty ({size} bytes)", "Check the export; it may have been cut off.")
