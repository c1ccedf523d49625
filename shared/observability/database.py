"""Spans for PostgreSQL statements, for several services in one process."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry.trace import INVALID_SPAN, Span, Tracer

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.util.types import Attributes

_PROVIDERS: Final[dict[str, TracerProvider]] = {}


def instrument_asyncpg(service: str, provider: TracerProvider) -> None:
    """Make a span of every statement that a service sends within one of its spans.

    May be called again, and by each of several services in one process: asyncpg is patched once, and a
    statement belongs to the service whose span is current. Statements outside of any span, such as a
    poll for work that finds none, make no trace. Values of parameters are never recorded.
    """
    # Imported when needed: it imports asyncpg, which a service without tables does not install.
    from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor  # noqa: PLC0415

    _PROVIDERS[service] = provider
    instrumentor = AsyncPGInstrumentor()  # type: ignore[no-untyped-call]
    if not instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.instrument(tracer_provider=_CallersProvider())


class _CallersProvider(trace.TracerProvider):
    """Gives tracers that make spans in the provider of the current span's service."""

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,  # noqa: ARG002 part of the interface
        attributes: Attributes = None,  # noqa: ARG002 part of the interface
    ) -> Tracer:
        return _CallersTracer(instrumenting_module_name, instrumenting_library_version)


class _CallersTracer(Tracer):
    def __init__(self, module: str, module_version: str | None) -> None:
        self._module = module
        self._version = module_version

    def start_span(self, name: str, context: Context | None = None, *args: Any, **kwargs: Any) -> Span:
        tracer = self._tracer(context)
        return INVALID_SPAN if tracer is None else tracer.start_span(name, context, *args, **kwargs)

    # The interface declares its own kind of context manager, which is one function's return type.
    def start_as_current_span(  # type: ignore[override]
        self, name: str, context: Context | None = None, *args: Any, **kwargs: Any
    ) -> AbstractContextManager[Span]:
        tracer = self._tracer(context)
        if tracer is None:
            return nullcontext(INVALID_SPAN)
        return tracer.start_as_current_span(name, context, *args, **kwargs)

    def _tracer(self, context: Context | None) -> Tracer | None:
        span = trace.get_current_span(context)
        if not span.is_recording():
            return None
        resource = getattr(span, "resource", None)
        service = resource.attributes.get("service.name") if resource is not None else None
        provider = _PROVIDERS.get(str(service))
        return None if provider is None else provider.get_tracer(self._module, self._version)
