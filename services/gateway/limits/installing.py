"""Putting the limits before the application, outside everything the framework does."""

from collections.abc import Callable

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from services.gateway.api.principal import Gate
from services.gateway.limits.credentials import CredentialsFirst
from services.gateway.limits.envelope import Envelope
from services.gateway.limits.guard import Guard
from services.gateway.limits.idempotency import Idempotency
from services.gateway.limits.limiter import Limiter
from services.gateway.limits.metrics import make_limit_metrics
from services.gateway.limits.sealed import Seal
from services.gateway.limits.settings import LimitSettings
from services.gateway.security import Sealer
from services.gateway.settings import Settings

_ASKED_WITH = (
    "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID", "X-API-Key",
    "X-Request-ID",
)  # fmt: skip
_ANSWERED_WITH = (
    "ETag", "Idempotent-Replayed", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID",
)  # fmt: skip


def install_limits(app: FastAPI, settings: Settings, registry: CollectorRegistry) -> None:
    """Guard an application; call it last, so that whatever else wraps the application is guarded too."""
    build = app.build_middleware_stack

    def gate() -> Gate:
        found: Gate = app.state.gate
        return found

    def guarded() -> ASGIApp:
        return guard(build(), settings, registry, gate)

    app.build_middleware_stack = guarded  # type: ignore[method-assign]  # its own handlers for 500 lie inside, too


def guard(app: ASGIApp, settings: Settings, registry: CollectorRegistry, gate: Callable[[], Gate]) -> ASGIApp:
    """Wrap an application: envelope, cross-origin rules, guard, credentials, idempotency, application."""
    limits = settings.limits
    metrics = make_limit_metrics(registry)
    seal = Seal(Sealer(settings.encryption_key.get_secret_value()))
    kept = Idempotency(app, gate, seal, keep_seconds=limits.idempotency_hours * 3600)
    guarded: ASGIApp = Guard(
        CredentialsFirst(kept, gate),
        limits,
        Limiter(limits, metrics),
        metrics,
        max_event_bytes=settings.max_body_bytes,
        max_import_bytes=settings.max_import_bytes,
    )
    return Envelope(_cross_origin(guarded, limits), limits)


def _cross_origin(app: ASGIApp, limits: LimitSettings) -> ASGIApp:
    if not limits.cors_origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=limits.cors_origins,
        allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
        allow_headers=_ASKED_WITH,
        # Tokens travel in headers: a browser never adds them by itself, and so needs no leave to.
        allow_credentials=False,
        expose_headers=_ANSWERED_WITH,
    )
