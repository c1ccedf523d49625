"""Answers kept for repetition, sealed: some hold a secret that is shown once, and the database must not know it."""

import base64
import hashlib
import hmac
from dataclasses import dataclass

import orjson
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

_ALGORITHMS = ["dir", "A256GCM"]


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was given."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Seal:
    """Encrypts and reads kept answers (JWE, AES-256-GCM) under a key derived from the installation's own."""

    def __init__(self, secret: str) -> None:
        derived = hmac.new(secret.encode(), b"doso kept answers, version 1", hashlib.sha256).digest()
        self._key = OctKey.import_key(derived)

    def close(self, answer: KeptAnswer) -> str:
        """Encrypt an answer."""
        plain = orjson.dumps(
            {"status": answer.status, "headers": answer.headers, "body": base64.b64encode(answer.body).decode()}
        )
        header = {"alg": "dir", "enc": "A256GCM"}
        return jwe.encrypt_compact(header, plain, self._key, algorithms=_ALGORITHMS)

    def open(self, sealed: str) -> KeptAnswer | None:
        """Read an answer; None when it was sealed under another key, or damaged."""
        try:
            decrypted = jwe.decrypt_compact(sealed, self._key, algorithms=_ALGORITHMS)
        except (JoseError, ValueError):
            return None
        found = orjson.loads(decrypted.plaintext or b"")
        headers = tuple((name, value) for name, value in found["headers"])
        return KeptAnswer(found["status"], headers, base64.b64decode(found["body"]))
