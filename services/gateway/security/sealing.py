"""Secrets that have to be read again, sealed at rest: AES-256-GCM under a key that is not in the database."""

import base64
import binascii
import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES, _NAME_BYTES, _NONCE_BYTES = 32, 4, 12


class CannotOpenError(Exception):
    """What is sealed was sealed with a key that is gone, for somebody else, or has been changed."""


class Sealer:
    """Seals with the first of its keys and opens with any, so that keys can be replaced one by one."""

    def __init__(self, keys: str) -> None:
        """Take keys of 32 bytes in base64, newest first, commas between; raises ``ValueError`` for others."""
        opened = [_key(text.strip()) for text in keys.split(",") if text.strip()]
        if not opened:
            raise ValueError("no encryption key: make one with `openssl rand -base64 32`")
        self._first = _name(opened[0])
        self._ciphers = {_name(key): AESGCM(key) for key in opened}

    @staticmethod
    def new_key() -> str:
        """Make a key."""
        return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()

    def seal(self, secret: str, owner: str) -> bytes:
        """Seal a secret for an owner: moved to another owner's row it cannot be opened."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return self._first + nonce + self._ciphers[self._first].encrypt(nonce, secret.encode(), owner.encode())

    def open(self, sealed: bytes, owner: str) -> str:
        """Give the secret back; raises ``CannotOpenError``."""
        name, nonce, body = sealed[:4], sealed[4:16], sealed[16:]
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise CannotOpenError("sealed with a key that is not among the encryption keys")
        try:
            return cipher.decrypt(nonce, body, owner.encode()).decode()
        except InvalidTag as error:
            raise CannotOpenError("changed, or sealed for another owner") from error


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("an encryption key is not base64: make one with `openssl rand -base64 32`") from error
    if len(key) != _KEY_BYTES:
        raise ValueError(f"an encryption key has {len(key)} bytes instead of {_KEY_BYTES}")
    return key


def _name(key: bytes) -> bytes:
    return hashlib.sha256(b"doso key name" + key).digest()[:_NAME_BYTES]
