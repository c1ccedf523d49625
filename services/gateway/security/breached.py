"""A list of breached passwords, searched where it lies: it has tens of gigabytes and is never loaded."""

import hashlib
import os
import re
from pathlib import Path
from typing import BinaryIO

_LINE = re.compile(rb"^([0-9A-F]{10,40})(:\d+)?$")
_BLOCK = 4096


class BreachedList:
    """A file of lines ``HASH:COUNT`` ordered by hash: SHA-1 in capitals, whole or its first 10 to 39 digits."""

    def __init__(self, path: Path) -> None:
        """Name the file; raises ``ValueError`` where its first line is not of the format, OSError if it is away."""
        self._path = path
        with path.open("rb") as file:
            first = file.readline(_BLOCK).strip()
        if not _LINE.match(first):
            raise ValueError(f"{path} does not start with a line HASH:COUNT of a SHA-1 in capitals: {first[:60]!r}")

    def holds(self, password: str) -> bool:
        """Tell whether a password is in the list; reads a few dozen lines, so call it in a thread."""
        # SHA-1 is the format of the list; it protects nothing here.
        wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
        with self._path.open("rb", buffering=_BLOCK) as file:
            low, high = 0, file.seek(0, os.SEEK_END)
            # The line searched for, if it is there, starts in [low, high).
            while low < high:
                start, line = _line_from(file, (low + high) // 2, high)
                if line is None:
                    high = (low + high) // 2
                    continue
                known = line.split(b":", 1)[0].strip().upper()
                if known and known == wanted[: len(known)]:
                    return True
                if known and known < wanted:  # an empty line can only be the last
                    low = start + len(line)
                else:
                    high = (low + high) // 2
        return False


def _line_from(file: BinaryIO, place: int, end: int) -> tuple[int, bytes | None]:
    """Give the first line that starts at ``place`` or after it, and where; None where none starts before ``end``."""
    file.seek(max(0, place - 1))
    if place:
        file.readline()  # the end of the line before, which is one byte when a line starts right here
    start = file.tell()
    return (start, file.readline()) if start < end else (start, None)
