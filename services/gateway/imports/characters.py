"""Characters that no event and no database holds: the NUL, and halves of a character of UTF-16."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from services.gateway.imports.table import SourceRow

_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_INSTEAD: Final = "\N{REPLACEMENT CHARACTER}"
_FAULT: Final = "the row holds a NUL or half a character: it was damaged on its way; write the cell again"


def storable(text: str) -> str:
    """Give a text with a replacement character for each that cannot be stored."""
    return _UNSTORABLE.sub(_INSTEAD, text)


def sound(row: SourceRow) -> SourceRow:
    """Give a row as it is, or with a fault and cells that can be shown where a cell cannot be stored."""
    if not holds_unstorable(row.cells):
        return row
    cells = [None if cell is None else storable(cell) for cell in row.cells]
    return SourceRow(row.line, cells, row.fault or _FAULT)


def holds_unstorable(cells: Sequence[str | None]) -> bool:
    """Tell whether any cell holds a character that cannot be stored."""
    text = "".join(filter(None, cells))
    return "\0" in text or (not text.isascii() and _UNSTORABLE.search(text) is not None)
