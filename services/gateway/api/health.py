"""Liveness, readiness, metrics; outside ``/api/v1`` for probes, and inside it by contract."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.observability import Health, Telemetry


def health_router(health: Health, telemetry: Telemetry) -> APIRouter:
    """Make the routes that say how the gateway is."""
    router = APIRouter(tags=["operations"])

    async def live() -> Response:
        """Tell whether the gateway lives: its loop ticks and its consumer is not dead."""
        return _answer(health.live())

    async def ready() -> Response:
        """Tell whether the gateway can do its work, with a check per dependency."""
        return _answer(await health.ready())

    async def metrics() -> Response:
        """Give Prometheus metrics."""
        return Response(generate_latest(telemetry.registry), media_type=CONTENT_TYPE_LATEST)

    unwell: dict[int | str, dict[str, Any]] = {503: {"description": "Not well: the body names the check"}}
    for prefix in ("", "/api/v1"):
        shown = prefix != ""
        router.get(f"{prefix}/health", include_in_schema=shown, responses=unwell)(live)
        router.get(f"{prefix}/ready", include_in_schema=shown, responses=unwell)(ready)
    router.get("/metrics", include_in_schema=False)(metrics)
    return router


def _answer(report: Any) -> Response:
    return JSONResponse(report.as_json(), status_code=200 if report.passed else 503)
