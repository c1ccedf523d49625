"""Why a whole file cannot be imported; each message says what was seen and what to do about it."""

from __future__ import annotations

from typing import Final

_LONGEST_HALF: Final = 2_000


class ImportFileError(Exception):
    """The file as a whole cannot be read; nothing of it was imported.

    `seen` is what was found in the file, `remedy` what its sender can do.
    """

    def __init__(self, seen: str, remedy: str) -> None:
        """Keep both halves and join them for people; what they quote of a file is cut: it is stored and listed."""
        self.seen, self.remedy = _cut(seen), _cut(remedy)
        super().__init__(f"{self.seen[:1].upper()}{self.seen[1:]}. {self.remedy}")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_HALF else f"{text[:_LONGEST_HALF]}…"


class EmptyFileError(ImportFileError):
    """There is nothing in the file, or nothing below its header."""


class NotATableError(ImportFileError):
    """The bytes are no table: a picture, an archive, a web page, a binary file."""


class DamagedFileError(ImportFileError):
    """The format is known but its content is broken or cut off."""


class FileTooLargeError(ImportFileError):
    """A format that must be read in one piece is larger than the importer accepts in one piece."""


class MissingHeaderError(ImportFileError):
    """The first rows name no columns and their order is not a documented one."""


class UnrecognisedColumnsError(ImportFileError):
    """There is a header, but a column the import cannot do without was not recognised in it."""


class UnknownColumnError(ImportFileError):
    """The mapping given with the file names a column or a field that does not exist."""
