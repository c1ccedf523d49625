"""Answers kept for repetition, sealed: some hold a secret that is shown once, and the database must not know it."""

import base64
import binascii
from dataclasses import dataclass

import orjson

from services.gateway.security import CannotOpenError, Sealer

_OWNER = "kept answer"


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was given."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Seal:
    """Encrypts and reads kept answers under the installation's encryption keys."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def close(self, answer: KeptAnswer) -> str:
        """Encrypt an answer."""
        plain = orjson.dumps(
            {"status": answer.status, "headers": answer.headers, "body": base64.b64encode(answer.body).decode()}
        )
        return base64.b64encode(self._sealer.seal(plain.decode(), _OWNER)).decode()

    def open(self, sealed: str) -> KeptAnswer | None:
        """Read an answer; None when it was sealed under a key that is gone, or damaged."""
        try:
            found = orjson.loads(self._sealer.open(base64.b64decode(sealed, validate=True), _OWNER))
        except (CannotOpenError, binascii.Error):
            return None
        headers = tuple((name, value) for name, value in found["headers"])
        return KeptAnswer(found["status"], headers, base64.b64decode(found["body"]))
