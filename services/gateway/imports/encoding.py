"""Which characters the bytes of a text file stand for, found in one pass that holds a block at a time."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Final

from charset_normalizer import from_bytes

from services.gateway.imports.errors import DamagedFileError, NotATableError

_BLOCK: Final = 1 << 20
_SAMPLE: Final = 64 * 1024
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NULS_ONE_IN: Final = 1000
_FEW_NULS, _FEW_NULS_ONE_IN = 8, 100
"""Of arbitrary bytes one in 256 is a NUL, of UTF-16 without its mark every other one; a small file may have a few."""
_USUAL: Final = "cp1252"
_SINGLE_BYTE: Final = [_USUAL, "latin_1", "cp1250", "mac_roman"]


def detect_encoding(path: Path) -> str:
    """Name the codec that decodes the whole file.

    A byte order mark decides; else UTF-8 when every byte of the file agrees; else the likeliest single-byte
    code page, judged on 64 KiB around the first byte that is not UTF-8. Raises `NotATableError` for
    more than a few NULs, which no text has, and `DamagedFileError` when a byte order mark is followed by something
    else.
    """
    with path.open("rb") as file:
        start = file.read(4)
    for mark, name in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            _check_marked(path, name)
            return name
    offset = _first_byte_outside_utf8(path)
    return "utf-8" if offset is None else _single_byte_encoding(path, offset)


def _check_marked(path: Path, name: str) -> None:
    decoder = codecs.getincrementaldecoder(name)()
    nuls = characters = 0
    with path.open("rb") as file:
        try:
            while block := file.read(_BLOCK):
                text = decoder.decode(block)
                nuls, characters = nuls + text.count("\0"), characters + len(text)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            seen = f"the file is marked as {name.removesuffix('-sig').upper()} but has bytes that are not"
            raise DamagedFileError(seen, "Save it again as UTF-8 and send it once more.") from error
    _check_nuls(nuls, characters)


def _first_byte_outside_utf8(path: Path) -> int | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset: int | None = None
    nuls = position = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            nuls += block.count(0)
            if offset is None:
                pending = len(decoder.getstate()[0])
                try:
                    decoder.decode(block)
                except UnicodeDecodeError as error:
                    offset = max(0, position - pending + error.start)
            position += len(block)
    _check_nuls(nuls, position)
    if offset is None and decoder.getstate()[0]:
        offset = max(0, position - len(decoder.getstate()[0]))
    return offset


def _single_byte_encoding(path: Path, offset: int) -> str:
    with path.open("rb") as file:
        file.seek(max(0, offset - _SAMPLE // 2))
        sample = file.read(_SAMPLE)
    best = from_bytes(sample, cp_isolation=_SINGLE_BYTE).best()
    alike = set(best.could_be_from_charset) if best is not None else {_USUAL}
    return next((name for name in _SINGLE_BYTE if name in alike), _USUAL)


def _check_nuls(nuls: int, size: int) -> None:
    """Raise `NotATableError` for more NULs than damage to a few cells explains."""
    if nuls > max(min(_FEW_NULS, size // _FEW_NULS_ONE_IN), size // _NULS_ONE_IN):
        raise NotATableError(
            "the file holds NUL bytes, so it is not text",
            "Send a CSV, TSV, XLSX, JSON or Parquet file; UTF-16 text needs its byte order mark.",
        )
