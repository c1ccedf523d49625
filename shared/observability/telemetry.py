"""Everything a service needs to be seen, made in one call."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry

from shared.observability import database
from shared.observability.logs import configure_logs
from shared.observability.metrics import Metrics, make_metrics
from shared.observability.settings import TelemetrySettings
from shared.observability.tracing import make_tracer_provider

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer


@dataclass(frozen=True, slots=True)
class Telemetry:
    """The traces, metrics and log of one service."""

    service: str
    tracer_provider: TracerProvider
    tracer: Tracer
    registry: CollectorRegistry
    metrics: Metrics
    logger: structlog.stdlib.BoundLogger
    exported: bool = False
    """Whether spans go to a collector; without one they are made, and travel with events, but nobody sees them."""

    async def shutdown(self) -> None:
        """Send the spans that are left, waiting at most a few seconds for the collector."""
        await asyncio.to_thread(self.tracer_provider.shutdown)


def observe(service: str, settings: TelemetrySettings | None = None) -> Telemetry:
    """Set up logs, and make the tracer provider and the metrics of one service.

    Several services may share a process: each has its own registry and provider, and they share one log,
    in which each line names its service.
    """
    settings = settings or TelemetrySettings()
    configure_logs(settings)
    provider = make_tracer_provider(service, settings)
    registry = CollectorRegistry()
    return Telemetry(
        service=service,
        tracer_provider=provider,
        tracer=provider.get_tracer(f"doso.{service}"),
        registry=registry,
        metrics=make_metrics(service, registry),
        logger=structlog.stdlib.get_logger(f"doso.{service}").bind(service=service),
        exported=settings.otlp_endpoint is not None,
    )


def instrument_asyncpg(telemetry: Telemetry) -> None:
    """Trace a service's PostgreSQL statements; safe to call again and from several services."""
    database.instrument_asyncpg(telemetry.service, telemetry.tracer_provider)
