"""Characters that no event and no database holds: the NUL, and halves of a character of UTF-16."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_INSTEAD: Final = "\N{REPLACEMENT CHARACTER}"


def storable(text: str) -> str:
    """Give a text with a replacement character for each that cannot be stored."""
    return _UNSTORABLE.sub(_INSTEAD, text)


def holds_unstorable(cells: Sequence[str | None]) -> bool:
    """Tell whether any cell holds a character that cannot be stored."""
    text = "".join(filter(None, cells))
    return "\0" in text or (not text.isascii() and _UNSTORABLE.search(text) is not None)
