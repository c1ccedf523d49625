"""The guard and the envelope around a small application, spoken to over ASGI."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
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
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp

HOST = "http://dealer.example"
ALWAYS = {
    "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-store",
    "x-frame-options": "DENY", "cross-origin-opener-policy": "same-origin",
}  # fmt: skip


def small_application() -> FastAPI:
    app = FastAPI()
    install(app)

    @app.post("/api/v1/dms/events")
    async def events(request: Request) -> int:
        return len(await request.body())

    @app.post("/api/v1/things")
    async def things(body: dict[str, Any]) -> list[str]:
        return sorted(body)

    @app.post("/api/v1/sales/imports")
    async def imports(request: Request) -> int:
        return sum([len(piece) async for piece in request.stream()])

    @app.get("/api/v1/slow")
    async def slow() -> None:
        await asyncio.sleep(30)

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
    def __init__(self, app: ASGIApp | None = None, *, max_event_bytes: int = 2000, **settings: Any) -> None:
        self.registry = CollectorRegistry()
        limits = LimitSettings(**settings)
        metrics = make_limit_metrics(self.registry)
        guard = Guard(
            app or small_application(), limits, Limiter(limits, metrics), metrics,
            max_event_bytes=max_event_bytes, max_import_bytes=100_000,
        )  # fmt: skip
        self.app = Envelope(_cross_origin(guard, limits), limits)

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


async def test_a_body_is_capped_by_what_it_says_and_by_what_comes() -> None:
    guarded = Guarded()
    problem(await guarded.ask("POST", "/api/v1/dms/events", content=b" " * 2001), 413)
    problem(await guarded.ask("POST", "/api/v1/dms/events", content=pieces(30, 100)), 413)
    assert guarded.refused("events", "too large") == 2
    taken = await guarded.ask("POST", "/api/v1/dms/events", content=pieces(20, 100))
    assert (taken.status_code, taken.json()) == (200, 2000)


async def test_answers_are_counted_by_status_and_timed_also_those_that_are_our_fault() -> None:
    guarded = Guarded()
    await guarded.ask("POST", "/api/v1/dms/events", content=b" " * 2001)
    await guarded.ask("POST", "/api/v1/dms/events", content=b" ")
    await guarded.ask("GET", "/api/v1/broken")
    counted = {
        (route_class, status): guarded.registry.get_sample_value(
            "doso_response_seconds_count", {"service": "gateway", "route_class": route_class, "status": status}
        )
        for route_class, status in (("events", "413"), ("events", "200"), ("reads", "500"))
    }
    assert set(counted.values()) == {1}, counted


async def test_a_declared_length_that_is_too_large_is_refused_before_anything_is_read() -> None:
    async def never_read() -> Any:
        message = "the body was read"
        raise AssertionError(message)

    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    headers = [
        (b"host", b"dealer.example"),
        (b"content-length", b"100000000"),
        (b"content-type", b"application/json"),
    ]
    scope = {
        "type": "http", "method": "POST", "path": "/api/v1/things", "raw_path": b"", "query_string": b"",
        "headers": headers, "client": ("192.0.2.1", 1), "scheme": "http", "http_version": "1.1",
    }  # fmt: skip
    task = asyncio.ensure_future(Guarded().app(scope, never_read, send))  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="was read"):
        await task  # only once the whole answer is out is the rest of the body read, to be thrown away
    assert [message["type"] for message in told] == ["http.response.start", "http.response.body"]
    assert told[0]["status"] == 413
    assert (b"connection", b"close") in told[0]["headers"]
    assert len(told[1]["body"]) == int(dict(told[0]["headers"])[b"content-length"])


@pytest.mark.parametrize("length", ["5", "99", "nonsense", "-1"])
async def test_a_length_that_is_wrong_is_refused(length: str) -> None:
    headers = {"content-length": length, "content-type": "application/json"}
    detail = problem(await Guarded().ask("POST", "/api/v1/things", content=pieces(1, 20), headers=headers), 400)
    assert "Content-Length" in detail["detail"]


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
async def test_compressed_bodies_are_not_unpacked(encoding: str) -> None:
    answer = await Guarded().ask("POST", "/api/v1/things", json={}, headers={"Content-Encoding": encoding})
    problem(answer, 415)
    assert answer.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"a":' * 40 + b"1" + b"}" * 40, "nested"),
        (b'{"a": [' + b"1," * 300_000 + b"1]}", "values"),
        (b'{"a": 1' + b"0" * 200 + b"}", "digits"),
    ],
    ids=["deep", "long", "number"],
)
async def test_json_that_is_costly_to_parse_is_not_parsed(body: bytes, words: str) -> None:
    guarded = Guarded()
    answer = await guarded.ask("POST", "/api/v1/things", content=body, headers={"content-type": "application/json"})
    assert words in problem(answer, 400)["detail"]
    assert guarded.refused("writes", "shape") == 1


async def test_a_body_that_stops_coming_is_given_up() -> None:
    guarded = Guarded(body_idle_seconds=0.05)
    problem(await guarded.ask("POST", "/api/v1/dms/events", content=pieces(2, 10, pause=0.3)), 408)
    assert guarded.refused("events", "slow") == 1


async def test_a_body_that_trickles_is_given_up_though_it_never_stops() -> None:
    guarded = Guarded(body_grace_seconds=0.1, body_bytes_per_second=10_000)
    problem(await guarded.ask("POST", "/api/v1/sales/imports", content=pieces(40, 1, pause=0.01)), 408)


async def test_an_upload_may_last_longer_than_a_handler_as_long_as_it_comes() -> None:
    guarded = Guarded(store_seconds=0.3)
    answer = await guarded.ask("POST", "/api/v1/sales/imports", content=pieces(10, 1000, pause=0.05))
    assert (answer.status_code, answer.json()) == (200, 10_000)


async def test_a_handler_that_takes_too_long_is_stopped_and_a_stream_is_not() -> None:
    guarded = Guarded(handler_seconds=0.2)
    assert "stopped" in problem(await guarded.ask("GET", "/api/v1/slow"), 504)["detail"]
    assert guarded.refused("reads", "timeout") == 1
    assert (await guarded.ask("GET", "/api/v1/stream")).text.count("data:") == 4


async def test_a_client_that_takes_no_answer_is_let_go() -> None:
    stuck = asyncio.Event()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await stuck.wait()

    async def receive() -> Any:
        await stuck.wait()

    guarded = Guarded(send_seconds=0.1)
    scope = {
        "type": "http", "method": "GET", "path": "/api/v1/stream", "raw_path": b"", "query_string": b"",
        "headers": [(b"host", b"a")], "client": ("192.0.2.1", 1), "scheme": "http", "http_version": "1.1",
        "asgi": {"spec_version": "2.3"},
    }  # fmt: skip
    await asyncio.wait_for(guarded.app(scope, receive, send), 5)  # type: ignore[arg-type]
    assert guarded.refused("reads", "stalled") == 1


async def test_too_many_requests_of_an_address_are_a_problem_that_says_when_to_come_back() -> None:
    guarded = Guarded(writes_per_address="2/hour")
    first = await guarded.ask("POST", "/api/v1/things", json={})
    assert first.headers["ratelimit-policy"].startswith('"writes-address";q=2;w=3600')
    assert first.headers["ratelimit"].startswith('"writes-address";r=1;t=')
    await guarded.ask("POST", "/api/v1/things", json={})
    answer = await guarded.ask("POST", "/api/v1/things", json={})
    document = problem(answer, 429)
    assert document["violated-policies"] == ["writes-address"]
    assert document["type"].endswith("#quota-exceeded")
    assert 1 <= int(answer.headers["retry-after"]) <= 7200
    assert ";r=0;" in answer.headers["ratelimit"]
    assert (await guarded.ask("GET", "/api/v1/request-id")).status_code == 200, "another class has its own rate"


async def test_without_its_counters_nobody_signs_in_and_everybody_reads() -> None:
    guarded = Guarded(redis_url="redis://127.0.0.1:9/0")
    answer = await guarded.ask("POST", "/api/v1/auth/token", data={"username": "a", "password": "b"})
    problem(answer, 503)
    assert answer.headers["retry-after"]
    assert (await guarded.ask("GET", "/api/v1/request-id")).status_code == 200


async def test_only_known_hosts_are_served_but_for_the_probes() -> None:
    guarded = Guarded(allowed_hosts="dealer.example, other.example")
    assert (await guarded.ask("GET", "/api/v1/request-id")).status_code == 200
    for host in ("evil.example", "dealer.example.evil.example", ""):
        problem(await guarded.ask("GET", "/api/v1/request-id", headers={"host": host}), 400)
    problem(await guarded.ask("GET", "/health", headers={"host": "10.1.2.3:8000"}), 404)  # of the small application


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("DELETE", "/api/v1/things", 405), ("GET", "/api/v1/broken", 500),
     ("POST", "/api/v1/things", 422)],
)  # fmt: skip
async def test_whatever_goes_wrong_is_a_problem_with_every_header(method: str, path: str, status: int) -> None:
    answer = await Guarded().ask(method, path)
    problem(answer, status)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert len(answer.headers["x-request-id"]) == 32


async def test_cross_origin_access_is_for_the_listed_origins() -> None:
    guarded = Guarded(cors_origins="https://app.dealer.example", writes_per_address="1/hour")
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
    good, bad = {"Origin": "https://app.dealer.example"}, {"Origin": "https://evil.example"}
    allowed = await guarded.ask("OPTIONS", "/api/v1/things", headers={**good, **asked})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == good["Origin"]
    assert "access-control-allow-credentials" not in allowed.headers
    problem(await guarded.ask("OPTIONS", "/api/v1/things", headers={**bad, **asked}), 400)
    for _ in range(2):
        answer = await guarded.ask("POST", "/api/v1/things", json={}, headers=good)
    problem(answer, 429)
    assert answer.headers["access-control-allow-origin"] == good["Origin"], "the page has to be able to read it"
    silent = await Guarded().ask("POST", "/api/v1/things", json={}, headers=bad)
    assert not [name for name in silent.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("sent", "kept"), [("0b5c1a2e-77", True), ("short", False), ("x" * 65, False), ("a b c d e f", False)]
)
async def test_a_request_id_is_taken_over_where_it_is_one_and_bound_to_the_log(sent: str, kept: bool) -> None:
    answer = await Guarded().ask("GET", "/api/v1/request-id", headers={"X-Request-ID": sent})
    assert answer.json() == answer.headers["x-request-id"]
    assert (answer.headers["x-request-id"] == sent) is kept
    assert structlog.contextvars.get_contextvars() == {}


async def test_https_is_insisted_on_where_it_is_spoken() -> None:
    header = "strict-transport-security"
    said = {"X-Forwarded-Proto": "https"}
    assert header not in (await Guarded().ask("GET", "/nowhere", headers=said)).headers
    behind = Guarded(trusted_proxies="127.0.0.0/8")  # where the transport says it comes from
    assert header in (await behind.ask("GET", "/nowhere", headers=said)).headers


async def test_the_documentation_may_run_its_own_script_and_no_other() -> None:
    answer = await Guarded().ask("GET", "/docs")
    policy = answer.headers["content-security-policy"]
    script = answer.text.split("<script>", 1)[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    sources = policy.split("script-src ", 1)[1].split(";")[0].split()
    assert sources == ["https://cdn.jsdelivr.net", f"'sha256-{digest}'"]
    schema = await Guarded().ask("GET", "/openapi.json")
    assert json.loads(schema.text)["openapi"]
