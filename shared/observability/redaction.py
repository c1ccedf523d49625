"""Keep secrets out of the logs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

REDACTED: Final = "[redacted]"

_SECRET_KEYS: Final = re.compile(r"passw(or)?d|token|secret|authorization|api_?key|cookie")
# From the slashes on: a pattern that begins with a scheme of any length takes the square of a long text's length.
# To the last @ before the path: a password that nobody encoded may hold one.
_URL_PASSWORD: Final = re.compile(r"(?P<user>://[^\s:/@]*):[^\s/]+@")
_BEARER: Final = re.compile(r"\b(?P<scheme>bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)


def redact_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blank, at any depth, the values of keys that name a secret, and credentials inside texts.

    A structlog processor; it has to run after tracebacks became text and before the renderer.
    """
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: object, value: Any) -> Any:
    if isinstance(key, str) and _names_a_secret(key):
        return REDACTED
    if isinstance(value, str):
        text = _URL_PASSWORD.sub(rf"\g<user>:{REDACTED}@", value)
        return _BEARER.sub(rf"\g<scheme> {REDACTED}", text)
    if isinstance(value, Mapping):
        return {inner: _redacted(inner, held) for inner, held in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(None, held) for held in value]
    return value


def _names_a_secret(key: str) -> bool:
    return _SECRET_KEYS.search(key.lower().replace("-", "_")) is not None
