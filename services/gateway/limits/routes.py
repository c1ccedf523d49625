"""Classes of routes: what is limited alike. Told from method and path, before anything is looked up."""

from enum import StrEnum
from typing import Final

API: Final = "/api/v1"
OPERATIONS: Final = frozenset(
    f"{prefix}/{name}" for prefix in ("", API) for name in ("health", "ready", "metrics")
) | {"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"}
_EVENTS: Final = (f"{API}/dms/events", f"{API}/dms/webhooks/")
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class RouteClass(StrEnum):
    """What a request is for."""

    SIGN_IN = "sign_in"
    EVENTS = "events"
    IMPORTS = "imports"
    WRITES = "writes"
    READS = "reads"
    OPERATIONS = "operations"


def classify(method: str, path: str) -> RouteClass:
    """Tell the class of a request; a path that does not exist is a read or a write like any other."""
    if path in OPERATIONS:
        return RouteClass.OPERATIONS
    if method in _READING:
        return RouteClass.READS
    if path.startswith(_EVENTS):
        return RouteClass.EVENTS
    if path.startswith(f"{API}/auth/"):
        return RouteClass.SIGN_IN
    if method == "POST" and path.endswith("/imports"):
        return RouteClass.IMPORTS
    return RouteClass.WRITES
