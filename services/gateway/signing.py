"""Signatures of webhooks (Standard Webhooks 1.0.0): HMAC-SHA256 over id, time and the raw bytes of the body.

The library of that name reads its own clock, decodes the body as text and stops at the first malformed
signature; here the clock is passed in, the bytes stay bytes, and every request costs the same work.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(minutes=5)
_PREFIX = "whsec_"
_SECRET_BYTES = 32
_MOST_SIGNATURES = 8
_ID = re.compile(r"[!-~]{1,180}")
_TIMESTAMP = re.compile(r"\d{1,11}")
_NOTHING = b"\0" * 32


@dataclass(frozen=True, slots=True)
class Signed:
    """What the three headers of a delivery say; whether it is true, ``genuine`` tells."""

    delivery_id: str
    timestamp: str
    signatures: str

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Signed":
        """Read the headers; one that is missing is empty, and an empty one never verifies."""
        return cls(*(headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")))

    @property
    def at(self) -> datetime:
        """When the sender says that it signed; for genuine deliveries."""
        return datetime.fromtimestamp(int(self.timestamp), UTC)


def new_secret() -> bytes:
    """Make a signing secret."""
    return secrets.token_bytes(_SECRET_BYTES)


def shown(secret: bytes) -> str:
    """Write a secret as its owner is shown it, ``whsec_`` and base64."""
    return _PREFIX + base64.b64encode(secret).decode()


def genuine(signed: Signed, body: bytes, keys: Sequence[bytes], now: datetime) -> bool:
    """Tell whether one of the keys signed exactly this, within five minutes of ``now``.

    Nothing ends early: whatever is wrong, each key's signature is computed and compared with each one given.
    """
    to_sign = f"{signed.delivery_id}.{signed.timestamp}.".encode(errors="replace") + body
    given = _given(signed.signatures)
    fits = False
    for key in keys:
        expected = hmac.digest(key, to_sign, hashlib.sha256)
        for signature in given:
            fits |= hmac.compare_digest(expected, signature)
    return fits & _fresh(signed.timestamp, now) & (_ID.fullmatch(signed.delivery_id) is not None)


def sign(delivery_id: str, at: datetime, body: bytes, key: bytes) -> str:
    """Sign a body as ``webhook-signature`` carries it."""
    to_sign = f"{delivery_id}.{int(at.timestamp())}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, to_sign, hashlib.sha256)).decode()


def key_of(text: str) -> bytes:
    """Read a secret as it is shown; raises ``ValueError`` when it is none."""
    return base64.b64decode(text.removeprefix(_PREFIX), validate=True)


def _fresh(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and _TIMESTAMP.fullmatch(timestamp)):
        return False
    return abs(now.timestamp() - int(timestamp)) <= TOLERANCE.total_seconds()


def _given(header: str) -> list[bytes]:
    """Give as many signatures as are ever compared; what is absent or malformed is one that never fits."""
    found = []
    for part in header.split(" ")[:_MOST_SIGNATURES]:
        version, _, text = part.partition(",")
        found.append(_decoded(text) if version == "v1" else _NOTHING)
    return found + [_NOTHING] * (_MOST_SIGNATURES - len(found))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return _NOTHING
