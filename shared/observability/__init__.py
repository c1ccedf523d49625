"""Logs, traces, metrics and health: how a service is seen from outside."""

from shared.observability.consumers import ConsumerPatience, ConsumerProbe, ConsumerSnapshot
from shared.observability.endpoints import health_asgi, metrics_asgi, ready_asgi
from shared.observability.health import CheckResult, Health, HealthReport
from shared.observability.kafka_probe import KafkaSubscriberProbe
from shared.observability.metrics import Metrics
from shared.observability.settings import TelemetrySettings
from shared.observability.telemetry import Telemetry, instrument_asyncpg, observe
from shared.observability.tracing import (
    consume_batch_span,
    current_traceparent,
    extract_context,
)

__all__ = [
    "CheckResult",
    "ConsumerPatience",
    "ConsumerProbe",
    "ConsumerSnapshot",
    "Health",
    "HealthReport",
    "KafkaSubscriberProbe",
    "Metrics",
    "Telemetry",
    "TelemetrySettings",
    "consume_batch_span",
    "current_traceparent",
    "extract_context",
    "health_asgi",
    "instrument_asyncpg",
    "metrics_asgi",
    "observe",
    "ready_asgi",
]
