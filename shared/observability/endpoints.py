"""Health and metrics over HTTP, as plain ASGI applications: mount them as FastStream's `asgi_routes`."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, make_asgi_app

if TYPE_CHECKING:
    from shared.observability.health import Health, HealthReport

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_OK: Final = 200
_METHOD_NOT_ALLOWED: Final = 405
_UNAVAILABLE: Final = 503


def health_asgi(health: Health) -> ASGIApp:
    """Serve liveness: 200 while the service lives and 503 when it should be restarted, with the report."""

    async def live() -> HealthReport:
        return health.live()

    return _report_asgi(live)


def ready_asgi(health: Health) -> ASGIApp:
    """Serve readiness: 200 when the service can work, also when degraded, else 503, with the report."""
    return _report_asgi(health.ready)


def metrics_asgi(registry: CollectorRegistry) -> ASGIApp:
    """Serve a registry's metrics in Prometheus's text format."""
    app: ASGIApp = make_asgi_app(registry)
    return app


def _report_asgi(report: Callable[[], Awaitable[HealthReport]]) -> ASGIApp:
    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["method"] not in {"GET", "HEAD"}:
            await _respond(send, _METHOD_NOT_ALLOWED, {"status": "method not allowed"})
            return
        current = await report()
        status = _OK if current.passed else _UNAVAILABLE
        await _respond(send, status, current.as_json(), head=scope["method"] == "HEAD")

    return app


async def _respond(send: Send, status: int, content: dict[str, Any], *, head: bool = False) -> None:
    body = json.dumps(content).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if status == _METHOD_NOT_ALLOWED:
        headers.append((b"allow", b"GET, HEAD"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})
