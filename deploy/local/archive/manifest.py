"""What an archive says of itself, and whether it is what it says."""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FORMAT = 1
NAME = "manifest.json"
DIGEST = "manifest.sha256"
DUMP = "database.dump"
SECRETS = ("credentials.json", "signing-key.json", "encryption-key")
"""Files that exist nowhere else: without them nobody can sign in, and what is sealed in the database stays sealed."""
_CHUNK = 1024 * 1024


class ArchiveError(Exception):
    """An archive that cannot be written or must not be restored, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive: how long it is, in bytes, its SHA-256, and who may read it (an octal mode)."""

    size: int
    sha256: str
    mode: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where and by what an archive was made, and what is in it.

    ``created_at``: UTC, when the database was looked at; ``schemas``: each service's newest migration.
    """

    format: int
    created_at: str
    doso: str
    postgres: int
    schemas: Mapping[str, str]
    files: Mapping[str, Member]

    def dumps(self) -> bytes:
        """Write it."""
        return json.dumps(asdict(self), indent=2, sort_keys=True).encode()

    @classmethod
    def loads(cls, text: bytes) -> Manifest:
        """Read it; raises ``ArchiveError`` where it is of a format that this version does not know."""
        told: dict[str, Any] = json.loads(text)
        if told["format"] > FORMAT:
            message = (
                f"the archive is of format {told['format']}, made by DOSO {told['doso']}; this is an older version,"
                f" which reads up to format {FORMAT}: restore it with DOSO {told['doso']} or newer"
            )
            raise ArchiveError(message)
        return cls(**{**told, "files": {name: Member(**one) for name, one in told["files"].items()}})


def member(path: Path) -> Member:
    """Describe a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    found = path.stat()
    return Member(found.st_size, digest, f"{found.st_mode & 0o777:o}")


def read_manifest(archive: Path) -> Manifest:
    """Read what an archive says of itself.

    Raises ``ArchiveError`` where it is none, or its first lines are damaged.
    """
    try:
        with tarfile.open(archive, "r:") as tar:
            text, digest = (_file(tar, name).read() for name in (NAME, DIGEST))
        if hashlib.sha256(text).hexdigest() != digest.decode("ascii"):
            raise _damaged(archive, "its manifest does not match its checksum")
        return Manifest.loads(text)
    except (OSError, EOFError) as error:
        message = f"{archive} cannot be read: {error}"
        raise ArchiveError(message) from error
    except (tarfile.TarError, KeyError, ValueError, TypeError) as error:
        message = f"{archive} is no archive of `doso backup`, or damaged from the start: {error}"
        raise ArchiveError(message) from error


def unpack(archive: Path, manifest: Manifest, directory: Path) -> Iterator[Path]:
    """Write the files that the manifest names into a directory, each checked against it and with its own mode.

    Raises ``ArchiveError`` at the first that is missing, too short or not as it was written. Nothing else that an
    archive may hold is looked at, so nothing can land anywhere else.
    """
    try:
        with tarfile.open(archive, "r:") as tar:
            for name, expected in manifest.files.items():
                if not re.fullmatch(r"[a-z][a-z0-9.-]*", name):
                    raise _damaged(archive, f"{name!r} is no name of a file of ours")
                path = directory / name
                path.touch(mode=0o600)
                digest = hashlib.sha256()
                with path.open("wb") as file, _file(tar, name) as source:
                    while chunk := source.read(_CHUNK):
                        digest.update(chunk)
                        file.write(chunk)
                if digest.hexdigest() != expected.sha256:
                    raise _damaged(archive, f"{name} does not match its checksum")
                path.chmod(int(expected.mode, 8))
                yield path
    except (tarfile.TarError, KeyError, EOFError) as error:
        raise _damaged(archive, str(error)) from error


def _file(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    found = tar.extractfile(name)
    if found is None:
        message = f"{name} is no file"
        raise KeyError(message)
    return found


def _damaged(archive: Path, why: str) -> ArchiveError:
    return ArchiveError(f"{archive} is damaged ({why}); nothing was restored: take another archive")
