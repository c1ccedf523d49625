"""What makes two requests the same: where they go, whose they are, and every byte of the body."""

import hashlib
from collections.abc import Iterable


class Fingerprint:
    """A hash that grows with the body, so that a file is never held to be compared."""

    def __init__(self, content_type: bytes, parts: Iterable[str]) -> None:
        self._hash = hashlib.sha256("\n".join(parts).encode())
        media, _, parameters = content_type.partition(b";")
        self._hash.update(media.strip().lower())
        self._boundary = _boundary(parameters) if media.strip().lower().startswith(b"multipart/") else b""
        self._tail = b""

    def update(self, data: bytes) -> None:
        """Take in a piece of the body."""
        if not self._boundary:
            self._hash.update(data)
            return
        # Clients make up a new boundary each time they send the same form: it is no part of what is said.
        text = (self._tail + data).replace(self._boundary, b"")
        kept = len(self._boundary) - 1
        self._tail = text[-kept:] if kept else b""
        self._hash.update(text[: len(text) - len(self._tail)])

    def hexdigest(self) -> str:
        """Give the hash of all that was taken in."""
        whole = self._hash.copy()
        whole.update(self._tail)
        return whole.hexdigest()


def _boundary(parameters: bytes) -> bytes:
    for parameter in parameters.split(b";"):
        name, _, value = parameter.partition(b"=")
        if name.strip().lower() == b"boundary":
            return value.strip().strip(b'"')
    return b""
