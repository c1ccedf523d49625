"""Health and metrics as they are served over HTTP."""

import json
from typing import Any

from shared.observability import (
    Health,
    TelemetrySettings,
    health_asgi,
    metrics_asgi,
    observe,
    ready_asgi,
)
from shared.observability.endpoints import ASGIApp


async def refuses() -> None:
    message = "connection refused"
    raise ConnectionError(message)


async def asked(app: ASGIApp, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    await app({"type": "http", "method": method, "path": "/", "headers": [], "query_string": b""}, receive, send)
    start, body = sent
    return (
        start["status"],
        {key.decode().lower(): value.decode() for key, value in start["headers"]},
        body["body"],
    )


async def test_liveness_over_http() -> None:
    health = Health("market")
    status, headers, body = await asked(health_asgi(health))
    assert (status, headers["content-type"], headers["cache-control"]) == (
        503,
        "application/json",
        "no-store",
    )
    assert json.loads(body)["checks"]["event loop"]["status"] == "failing"
    await health.start()
    status, headers, body = await asked(health_asgi(health))
    assert (status, json.loads(body)["status"]) == (200, "ok")
    assert int(headers["content-length"]) == len(body)
    assert (await asked(health_asgi(health), "HEAD"))[::2] == (200, b"")
    assert (await asked(health_asgi(health), "POST"))[0] == 405
    await health.stop()


async def test_readiness_over_http() -> None:
    health = Health("market")
    await health.start()
    health.add_check("vectors", refuses, required=False)
    status, _, body = await asked(ready_asgi(health))
    assert (status, json.loads(body)["status"]) == (200, "degraded")
    health.add_check("postgres", refuses)
    assert (await asked(ready_asgi(health)))[0] == 503
    await health.stop()


async def test_metrics_over_http_under_the_names_that_dashboards_use() -> None:
    telemetry = observe("market", TelemetrySettings())
    telemetry.metrics.consumed("inventory-updated", "handled", 3)
    telemetry.metrics.processed("inventory-updated", 0.02, batch_size=3)
    telemetry.metrics.dead_lettered("inventory-updated", "ValidationError")
    telemetry.metrics.holding({"market-updated": 1})
    telemetry.metrics.holding({"inventory-updated": 2})
    telemetry.metrics.outbox(unpublished=4, oldest_seconds=1.5)
    telemetry.metrics.stalled(0.003)
    telemetry.metrics.failed_work("survey", "retried", 2)
    telemetry.metrics.given_up_work("survey", 1)
    status, headers, body = await asked(metrics_asgi(telemetry.registry))
    assert status == 200
    assert headers["content-type"].startswith("text/plain")
    text = body.decode()
    for line in (
        'doso_events_consumed_total{outcome="handled",service="market",topic="inventory-updated"} 3.0',
        'doso_event_processing_seconds_bucket{le="0.025",service="market",topic="inventory-updated"} 1.0',
        'doso_consumer_batch_size_sum{service="market",topic="inventory-updated"} 3.0',
        'doso_dead_letters_total{reason="ValidationError",service="market",topic="inventory-updated"} 1.0',
        'doso_dead_letters_held{service="market",topic="inventory-updated"} 2.0',
        'doso_outbox_unpublished{service="market"} 4.0',
        'doso_outbox_oldest_seconds{service="market"} 1.5',
        'doso_event_loop_stall_seconds_bucket{le="0.005",service="market"} 1.0',
        'doso_work_failed_total{outcome="retried",queue="survey",service="market"} 2.0',
        'doso_work_given_up{queue="survey",service="market"} 1.0',
    ):
        assert line in text
    assert 'doso_dead_letters_held{service="market",topic="market-updated"}' not in text


def test_each_service_of_a_process_has_metrics_of_its_own() -> None:
    first, second = observe("market", TelemetrySettings()), observe("market", TelemetrySettings())
    first.metrics.consumed("t", "handled")
    labels = {"service": "market", "topic": "t", "outcome": "handled"}
    assert first.registry.get_sample_value("doso_events_consumed_total", labels) == 1
    assert second.registry.get_sample_value("doso_events_consumed_total", labels) is None
