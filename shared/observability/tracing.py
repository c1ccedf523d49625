"""Spans, and how they travel with events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, Span, SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from shared.observability.settings import TelemetrySettings

Headers = Mapping[str, str | bytes] | Sequence[tuple[str, bytes]]
"""Headers of an event: as a mapping, or as Kafka's pairs."""

_PROPAGATOR: Final = TraceContextTextMapPropagator()
_EXPORT_TIMEOUT_SECONDS: Final = 5


def make_tracer_provider(service: str, settings: TelemetrySettings) -> TracerProvider:
    """Make the tracer provider of one service.

    It is not made the process's global one: several services may share a process. Spans go to the
    collector at `settings.otlp_endpoint` over HTTP, or nowhere when there is none.
    """
    resource = Resource.create({"service.name": service, "service.version": _version()})
    sampler = ParentBased(TraceIdRatioBased(settings.trace_sample_ratio))
    provider = TracerProvider(resource=resource, sampler=sampler, shutdown_on_exit=False)
    if settings.otlp_endpoint is not None:
        # Imported when needed: most runs on one machine have no collector.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

        endpoint = f"{settings.otlp_endpoint.rstrip('/')}/v1/traces"
        exporter = OTLPSpanExporter(endpoint=endpoint, timeout=_EXPORT_TIMEOUT_SECONDS)
        provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def current_traceparent() -> dict[str, str]:
    """Give the W3C headers of the current span, to send along with an event; empty outside a span."""
    headers: dict[str, str] = {}
    _PROPAGATOR.inject(headers)
    return headers


def extract_context(headers: Headers) -> Context:
    """Read the W3C context out of an event's headers; without a valid one, an empty context."""
    pairs: Iterable[tuple[str, str | bytes]] = headers.items() if isinstance(headers, Mapping) else headers
    texts: dict[str, str] = {}
    for key, value in pairs:
        if isinstance(value, bytes):
            texts[key.lower()] = value.decode("ascii", "replace")
        elif isinstance(value, str):
            texts[key.lower()] = value
    return _PROPAGATOR.extract(texts, context=Context())


@contextmanager
def consume_batch_span(tracer: Tracer, name: str, batch: Iterable[Headers]) -> Iterator[Span]:
    """Start one trace for a batch, linked to the trace of each event in it."""
    contexts = (trace.get_current_span(extract_context(headers)).get_span_context() for headers in batch)
    links = [Link(context) for context in contexts if context.is_valid]
    with tracer.start_as_current_span(name, context=Context(), kind=SpanKind.CONSUMER, links=links) as span:
        yield span


def _version() -> str:
    try:
        return version("doso")
    except PackageNotFoundError:
        return "unknown"
