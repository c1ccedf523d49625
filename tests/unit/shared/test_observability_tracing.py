"""Traces that continue from the producer to the consumer to the database."""

import asyncio
from typing import Any

import asyncpg
import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.observability import (
    Telemetry,
    TelemetrySettings,
    consume_batch_span,
    current_traceparent,
    instrument_asyncpg,
    observe,
)


def observed(service: str, **settings: Any) -> tuple[Telemetry, InMemorySpanExporter]:
    telemetry = observe(service, TelemetrySettings(**settings))
    exporter = InMemorySpanExporter()
    telemetry.tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
    return telemetry, exporter


def produced_headers() -> dict[str, str]:
    telemetry, _ = observed("gateway")
    with telemetry.tracer.start_as_current_span("accept"):
        return current_traceparent()


def trace_of(headers: dict[str, str]) -> str:
    return headers["traceparent"].split("-")[1]


def test_outside_of_a_span_there_is_nothing_to_send() -> None:
    assert current_traceparent() == {}


@pytest.mark.parametrize("as_kafka_pairs", [False, True])
def test_a_batch_is_linked_to_every_event_that_has_a_trace(*, as_kafka_pairs: bool) -> None:
    headers = [produced_headers(), {}, produced_headers()]
    given = [[(key, value.encode()) for key, value in each.items()] if as_kafka_pairs else each for each in headers]
    telemetry, exporter = observed("inventory")
    with consume_batch_span(telemetry.tracer, "batch", given):
        pass
    (span,) = exporter.get_finished_spans()
    assert [trace.format_trace_id(link.context.trace_id) for link in span.links] == [
        trace_of(headers[0]),
        trace_of(headers[2]),
    ]
    assert span.parent is None
    assert span.kind is trace.SpanKind.CONSUMER
    assert span.resource.attributes["service.name"] == "inventory"


@pytest.mark.parametrize("headers", [{}, {"traceparent": "rubbish"}, [("traceparent", b"\xff\x00")]])
def test_headers_without_a_valid_context_link_to_nothing(headers: Any) -> None:
    telemetry, exporter = observed("inventory")
    with (
        telemetry.tracer.start_as_current_span("an unrelated caller"),
        consume_batch_span(telemetry.tracer, "x", [headers]),
    ):
        pass
    consumed, _ = exporter.get_finished_spans()
    assert (consumed.parent, list(consumed.links)) == (None, [])


def test_an_error_marks_the_span_and_goes_on() -> None:
    telemetry, exporter = observed("inventory")
    with pytest.raises(LookupError), consume_batch_span(telemetry.tracer, "x", []):
        raise LookupError
    (span,) = exporter.get_finished_spans()
    assert span.status.status_code is trace.StatusCode.ERROR
    assert span.events[0].name == "exception"


async def test_without_a_collector_nothing_is_exported_and_shutdown_returns() -> None:
    telemetry = observe("market", TelemetrySettings(otlp_endpoint=None))
    assert telemetry.tracer_provider._active_span_processor._span_processors == ()
    await telemetry.shutdown()


async def test_spans_reach_the_collector_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    received: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    async def collect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(line.split(":")[1]) for line in head.lower().splitlines() if "content-length" in line)
        received.put_nowait((head.split(" ")[1], await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    collector = await asyncio.start_server(collect, "127.0.0.1", 0)
    port = collector.sockets[0].getsockname()[1]
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    telemetry = observe("market")
    telemetry.tracer.start_span("priced").end()
    await telemetry.shutdown()
    path, body = await received.get()
    assert path == "/v1/traces"
    assert b"priced" in body
    assert b"market" in body
    collector.close()


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Any:
    """asyncpg without a server: the instrumentation wraps what is found on the class."""

    async def execute(_connection: object, query: str, *_values: object) -> str:
        return query

    instrumentor = AsyncPGInstrumentor()
    if instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.uninstrument()
    monkeypatch.setattr(asyncpg.connection.Connection, "execute", execute)
    connection = asyncpg.connection.Connection.__new__(asyncpg.connection.Connection)
    connection._aborted = True
    yield connection
    instrumentor.uninstrument()


async def test_statements_belong_to_the_service_whose_span_is_current(statements: Any) -> None:
    market, market_spans = observed("market")
    forecast, forecast_spans = observed("forecast")
    for telemetry in (market, forecast, market):
        instrument_asyncpg(telemetry)
    with market.tracer.start_as_current_span("m"):
        assert await statements.execute("SELECT 1") == "SELECT 1"
    with forecast.tracer.start_as_current_span("f"):
        await statements.execute("UPDATE series SET due = $1", "a customer's name")
    assert [span.name for span in market_spans.get_finished_spans()] == ["SELECT", "m"]
    update, _ = forecast_spans.get_finished_spans()
    assert update.name == "UPDATE"
    assert update.resource.attributes["service.name"] == "forecast"
    assert "a customer's name" not in repr(update.attributes)


async def test_statements_outside_of_a_span_make_no_trace(statements: Any) -> None:
    market, spans = observed("market")
    instrument_asyncpg(market)
    assert await statements.execute("SELECT 1") == "SELECT 1"
    assert spans.get_finished_spans() == ()
