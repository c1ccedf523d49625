"""Secrets that must be read again, at rest: AES-256-GCM, bound to the row they belong to."""

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES = 32
_NONCE_BYTES = 12


class CannotOpenError(Exception):
    """What is sealed was sealed with a key that is gone, for another row, or has been changed."""


class Sealer:
    """Seals with the first of its keys and opens with any, so that keys can be replaced one by one."""

    def __init__(self, keys: str) -> None:
        """Take keys, base64 of 32 bytes each, newest first, commas between; raises ``ValueError`` for others."""
        self._keys = [AESGCM(_key(text.strip())) for text in keys.split(",")]

    @staticmethod
    def new_key() -> str:
        """Make a key."""
        return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()

    def seal(self, secret: str, owner: str) -> bytes:
        """Seal a secret for the row that ``owner`` names; moved to another row it does not open."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._keys[0].encrypt(nonce, secret.encode(), owner.encode())

    def open(self, sealed: bytes, owner: str) -> str:
        """Open what was sealed for that row; raises ``CannotOpenError``."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        for key in self._keys:
            try:
                return key.decrypt(nonce, rest, owner.encode()).decode()
            except (InvalidTag, ValueError):
                continue
        message = f"the secret of {owner} does not open with the encryption keys of the settings"
        raise CannotOpenError(message)


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        message = "an encryption key is the base64 of 32 random bytes; make one with: openssl rand -base64 32"
        raise ValueError(message)
    return key
