"""A small application behind the guard and the envelope, spoken to over ASGI."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import httpx
import structlog
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from prometheus_client import CollectorRegistry

from services.gateway.api.problems import install
from services.gateway.limits.envelope import Envelope
from services.gateway.limits.guard import Guard
from services.gateway.limits.installing import _cross_origin
from services.gateway.limits.limiter import Limiter
from services.gateway.limits.metrics import make_limit_metrics
from services.gateway.limits.settings import LimitSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.types import ASGIApp

HOST = "http://dealer.example"
MIDST_OF_AN_HOUR = 1_000_000_020.0
ALWAYS = {
    "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-store",
    "x-frame-options": "DENY", "cross-origin-opener-policy": "same-origin",
}  # fmt: skip


def small_application() -> FastAPI:
    app = FastAPI()
    install(app)

    @app.post("/api/v1/dms/events")
    @app.post("/api/v1/dms/webhooks/a1")
    async def events(request: Request) -> int:
        return len(await request.body())

    @app.post("/api/v1/things")
    async def things(body: dict[str, Any]) -> list[str]:
        return sorted(body)

    @app.post("/api/v1/sales/imports")
    async def imports(request: Request) -> int:
        return sum([len(piece) async for piece in request.stream()])

    @app.get("/api/v1/slow")
    @app.get("/api/v1/reports/slow.xlsx")
    async def slow(seconds: float = 30.0) -> None:
        await asyncio.sleep(seconds)

    @app.get("/api/v1/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    @app.get("/api/v1/stream")
    async def stream() -> StreamingResponse:
        async def ticks() -> AsyncIterator[bytes]:
            for number in range(4):
                await asyncio.sleep(0.1)
                yield f"data: {number}\n\n".encode()

        return StreamingResponse(ticks(), media_type="text/event-stream")

    @app.get("/api/v1/request-id")
    async def bound() -> Any:
        return structlog.contextvars.get_contextvars()["request_id"]

    return app


class Guarded:
    def __init__(
        self,
        app: ASGIApp | None = None,
        *,
        max_event_bytes: int = 2000,
        clock: Callable[[], float] = time.monotonic,
        **settings: Any,
    ) -> None:
        self.registry = CollectorRegistry()
        limits = LimitSettings(**settings)
        metrics = make_limit_metrics(self.registry)
        # The hour never turns between two requests.
        limiter = Limiter(limits, metrics, clock=lambda: MIDST_OF_AN_HOUR)
        guard = Guard(
            app or small_application(), limits, limiter, metrics,
            max_event_bytes=max_event_bytes, max_import_bytes=100_000, clock=clock,
        )  # fmt: skip
        self.app = Envelope(_cross_origin(guard, limits), limits)

    async def open_websocket(self, **headers: str) -> list[dict[str, Any]]:
        """Offer a WebSocket; gives what is answered to that."""
        told: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            told.append(message)

        scope = {
            "type": "websocket", "path": "/api/v1/ws", "raw_path": b"", "query_string": b"", "subprotocols": [],
            "headers": [(b"host", b"dealer.example"), *((k.encode(), v.encode()) for k, v in headers.items())],
            "client": ("192.0.2.1", 1), "scheme": "ws", "http_version": "1.1",
        }  # fmt: skip
        await self.app(scope, receive, send)  # type: ignore[arg-type]
        return told

    async def ask(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=HOST, timeout=10) as client:
            return await client.request(method, path, **arguments)

    def refused(self, route_class: str, reason: str) -> float:
        labels = {"service": "gateway", "route_class": route_class, "reason": reason}
        return self.registry.get_sample_value("doso_requests_refused_total", labels) or 0


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    for name, value in ALWAYS.items():
        assert answer.headers[name] == value
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


async def pieces(count: int, size: int, pause: float = 0.0) -> AsyncIterator[bytes]:
    for _ in range(count):
        await asyncio.sleep(pause)
        yield b" " * size
