"""Secrets that must be read again, at rest: AES-256-GCM, bound to the row they belong to."""

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES = 32
_NONCE_BYTES = 12


class SealError(Exception):
    """What is stored was not sealed by any of the keys in the settings, or not for this row."""


class Seal:
    """Seals secrets with the first key and opens with any, so that keys can be replaced one after the other."""

    def __init__(self, keys: str) -> None:
        """Read ``keys``: base64 of 32 bytes each, separated by commas; raises ``ValueError`` for any other text."""
        self._keys = [AESGCM(_key(text.strip())) for text in keys.split(",")]

    @staticmethod
    def new_key() -> str:
        """Make a key."""
        return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()

    def close(self, secret: bytes, belongs_to: str) -> bytes:
        """Seal a secret for the row that ``belongs_to`` names; moved to another row it does not open."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._keys[0].encrypt(nonce, secret, belongs_to.encode())

    def open(self, sealed: bytes, belongs_to: str) -> bytes:
        """Open what was sealed for that row; raises ``SealError``."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        for key in self._keys:
            try:
                return key.decrypt(nonce, rest, belongs_to.encode())
            except (InvalidTag, ValueError):
                continue
        message = f"the secret of {belongs_to} does not open with the sealing keys of the settings"
        raise SealError(message)


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        message = "a sealing key is the base64 of 32 random bytes; make one with: openssl rand -base64 32"
        raise ValueError(message)
    return key
