"""Reading events: each by itself, or once for all services that share a process."""

from functools import lru_cache
from typing import Final

from shared.events import Event

_SMALL_BYTES: Final = 2 * 1024
_LARGE_BYTES: Final = 32 * 1024
"""Larger ones are read again by each service: a decoded event takes several times the memory of its text."""


def decode(model: type[Event], body: bytes) -> Event:
    """Read an event; raises ``ValidationError``."""
    return model.model_validate_json(body)


def decode_shared(model: type[Event], body: bytes) -> Event:
    """Read an event, or give it as another service of this process has just read it; raises ``ValidationError``.

    What is kept for that is bounded in bytes, not in events alone: 12 MB of text, and decoded some five times that.
    """
    if len(body) <= _SMALL_BYTES:
        return _small(model, body)
    return _large(model, body) if len(body) <= _LARGE_BYTES else decode(model, body)


_small = lru_cache(maxsize=4096)(decode)
_large = lru_cache(maxsize=128)(decode)
