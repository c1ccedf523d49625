"""Classes of routes: what is limited alike. Told from method and path, before anything is looked up."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

API: Final = "/api/v1"
OPERATIONS: Final = frozenset(
    f"{prefix}/{name}" for prefix in ("", API) for name in ("health", "ready", "metrics")
) | {"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"}
SOURCE_HEADER: Final = "x-doso-source"
_WEBHOOKS: Final = f"{API}/dms/webhooks/"
_EVENTS: Final = (f"{API}/dms/events", _WEBHOOKS)
_ACCEPTING: Final = f"{API}/invitations/accept"
_REPORTS: Final = f"{API}/reports/"
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class RouteClass(StrEnum):
    """What a request is for."""

    SIGN_IN = "sign_in"
    EVENTS = "events"
    IMPORTS = "imports"
    WRITES = "writes"
    READS = "reads"
    REPORTS = "reports"
    OPERATIONS = "operations"


def classify(method: str, path: str) -> RouteClass:
    """Tell the class of a request; a path that does not exist is a read or a write like any other."""
    if path in OPERATIONS:
        return RouteClass.OPERATIONS
    if method in _READING:
        return RouteClass.REPORTS if path.startswith(_REPORTS) else RouteClass.READS
    if path.startswith(_EVENTS):
        return RouteClass.EVENTS
    if path.startswith(f"{API}/auth/") or path == _ACCEPTING:
        return RouteClass.SIGN_IN
    if method == "POST" and path.endswith("/imports"):
        return RouteClass.IMPORTS
    return RouteClass.WRITES


def is_delivery(path: str, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Tell whether a request is a source's delivery: whose it is shows only once its body was read."""
    signed = path == _EVENTS[0] and any(name == SOURCE_HEADER.encode() for name, _ in headers)
    return signed or path.startswith(_WEBHOOKS)
