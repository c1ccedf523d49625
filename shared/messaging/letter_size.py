"""What of a stranger's record goes into a dead letter, so that the letter always fits: bounds count encoded bytes.

A record of Kafka's usual limit is 1 MiB, whatever it consists of. Bytes that are no text come out four times as long
as escapes and a third longer in base64, while the relay may send no more than ``MAX_REQUEST_BYTES``; a letter beyond
that would be refused for ever. So headers and key have bounds of their own. The body stays whole: it is the event.
"""

import base64
import hashlib
from collections.abc import Iterable

from shared.messaging.envelope import FIRST_PARKED, readable_headers

HEADERS_BYTES = 256 * 1024
"""The stranger's headers in a letter, names and values as they go out. The largest are left out first."""
KEY_BYTES = 64 * 1024
"""A longer key is cut."""

KEY_BASE64, KEY_CUT, HEADERS_CUT = "x-key-base64", "x-key-cut", "x-headers-cut"
OURS = frozenset(
    {
        "x-topic", "x-partition", "x-offset", "x-group", "x-error-class", "x-error", "x-attempts", "x-first-seen",
        KEY_BASE64, KEY_CUT, HEADERS_CUT, FIRST_PARKED,
    }
)  # fmt: skip
"""What parking adds; a stranger's header of such a name would speak for us."""

_PER_HEADER = 10
"""What the lengths of a name and a value take, at most."""
_NAMED_BYTES = 1000
_NAME_CHARACTERS = 60


def fitting_headers(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Give the headers of a record that go into its letter, readable, and what was left out as ``x-headers-cut``.

    A header is whole or not there at all: half of one could not be told from a whole one when it is sent again.
    """
    given = {name: text for name, text in readable_headers(headers).items() if name not in OURS}
    sizes = {name: len(name.encode()) + len(text.encode()) + _PER_HEADER for name, text in given.items()}
    kept, filled = set(), 0
    for name in sorted(sizes, key=lambda name: sizes[name]):
        if filled + sizes[name] > HEADERS_BYTES:
            break
        kept.add(name)
        filled += sizes[name]
    whole = {name: text for name, text in given.items() if name in kept}
    left_out = [name for name in given if name not in kept]
    if not left_out:
        return whole
    return {**whole, HEADERS_CUT: _told(left_out, sum(sizes[name] for name in left_out))}


def fitting_key(key: bytes) -> tuple[str, dict[str, str]]:
    """Give the key of a letter, empty where it is no text or too long, and the headers that tell what it was."""
    if len(key) > KEY_BYTES:
        told = f"{len(key)} bytes, of which {KEY_BYTES} are here; sha256 {hashlib.sha256(key).hexdigest()}"
        return "", {KEY_BASE64: base64.b64encode(key[:KEY_BYTES]).decode(), KEY_CUT: told}
    text = key.decode("utf-8", "ignore").replace("\x00", "")  # PostgreSQL stores no zero byte in a text
    if text.encode() != key:
        return "", {KEY_BASE64: base64.b64encode(key).decode()}
    return text, {}


def _told(names: list[str], size: int) -> str:
    told = f"{len(names)} left out, of {size} bytes:"
    for number, name in enumerate(names):
        more = f" {name[:_NAME_CHARACTERS]}{'…' if len(name) > _NAME_CHARACTERS else ''}"
        if len((told + more).encode()) > _NAMED_BYTES:
            return f"{told} and {len(names) - number} more"
        told += more
    return told
