"""The guard: times, rates, hosts and origins."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from guarded import Guarded, problem


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


async def test_a_handler_that_takes_too_long_is_stopped_and_a_stream_is_not() -> None:
    guarded = Guarded(handler_seconds=0.2)
    assert "stopped" in problem(await guarded.ask("GET", "/api/v1/slow"), 504)["detail"]
    assert guarded.refused("reads", "timeout") == 1
    assert (await guarded.ask("GET", "/api/v1/stream")).text.count("data:") == 4


async def test_a_report_has_more_time_than_another_answer() -> None:
    guarded = Guarded(handler_seconds=0.05, report_seconds=60.0)
    assert (await guarded.ask("GET", "/api/v1/reports/slow.xlsx?seconds=0.3")).status_code == 200
    hurried = Guarded(report_seconds=0.05)
    problem(await hurried.ask("GET", "/api/v1/reports/slow.xlsx?seconds=30"), 504)


@pytest.mark.parametrize(("error", "status"), [(ConnectionRefusedError, 503), (TimeoutError, 503)])
async def test_what_fails_before_the_application_because_something_is_away_says_so(error: Any, status: int) -> None:
    async def away(scope: Any, receive: Any, send: Any) -> None:
        raise error

    answer = await Guarded(away).ask("GET", "/api/v1/anything")
    assert "not reachable" in problem(answer, status)["detail"]
    assert answer.headers["retry-after"]


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
    await asyncio.wait_for(guarded.app(scope, receive, send), 60)  # type: ignore[arg-type]
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
    ("origins", "origin", "welcome"),
    [
        ("", None, True), ("", "https://app.dealer.example", False), ("", "http://dealer.example", False),
        ("https://app.dealer.example", "https://app.dealer.example", True),
        ("https://app.dealer.example", "https://app.dealer.example.evil.example", False),
        ("https://app.dealer.example", "null", False), ("https://app.dealer.example", "", False),
        ("https://app.dealer.example", None, True),
    ],
)  # fmt: skip
async def test_pages_of_listed_origins_alone_may_open_a_websocket(
    origins: str, origin: str | None, welcome: bool
) -> None:
    async def accepting(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    guarded = Guarded(accepting, cors_origins=origins)
    (told,) = await guarded.open_websocket(**({} if origin is None else {"origin": origin}))
    if welcome:
        assert told["type"] == "websocket.accept"
    else:
        assert (told["type"], told["code"], told["reason"]) == ("websocket.close", 1008, "origin")
        assert guarded.refused("reads", "origin") == 1


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
