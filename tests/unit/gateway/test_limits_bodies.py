"""Bodies at the guard: too large, too slow, too costly, or not what they say."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from guarded import Guarded, pieces, problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def test_a_body_is_capped_by_what_it_says_and_by_what_comes() -> None:
    guarded = Guarded()
    problem(await guarded.ask("POST", "/api/v1/dms/events", content=b" " * 2001), 413)
    problem(await guarded.ask("POST", "/api/v1/dms/events", content=pieces(30, 100)), 413)
    assert guarded.refused("events", "too large") == 2
    taken = await guarded.ask("POST", "/api/v1/dms/events", content=pieces(20, 100))
    assert (taken.status_code, taken.json()) == (200, 2000)


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
    guarded = Guarded(body_grace_seconds=0.1, body_bytes_per_second=10_000, upload_bytes_per_second=20_000)
    for path in ("/api/v1/sales/imports", "/api/v1/dms/events"):
        problem(await guarded.ask("POST", path, content=pieces(40, 1, pause=0.01)), 408)
    assert (guarded.refused("imports", "slow"), guarded.refused("events", "slow")) == (1, 1)


async def test_a_fast_beginning_buys_no_time_for_a_trickle() -> None:
    async def fast_then_slow() -> AsyncIterator[bytes]:
        yield b" " * 90_000  # at the rate asked for, this alone would last for nine seconds
        async for piece in pieces(100, 1, pause=0.01):
            yield piece

    guarded = Guarded(body_grace_seconds=0.1, upload_bytes_per_second=10_000)
    problem(await guarded.ask("POST", "/api/v1/sales/imports", content=fast_then_slow()), 408)


async def test_who_sends_faster_than_we_store_is_not_slow() -> None:
    now = [0.0]

    async def store(scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            more = (await receive()).get("more_body", False)
            now[0] += 0.02
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    guarded = Guarded(store, clock=lambda: now[0], body_grace_seconds=0.1, upload_bytes_per_second=10_000_000)
    form = {"content-type": "multipart/form-data; boundary=x"}  # which is handed on piece by piece
    answer = await guarded.ask("POST", "/api/v1/sales/imports", content=pieces(20, 10), headers=form)
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("path", "headers"), [("/api/v1/dms/webhooks/a1", {}), ("/api/v1/dms/events", {"X-DOSO-Source": "a1"})]
)
async def test_a_delivery_is_capped_lower_than_events_of_somebody_known(path: str, headers: dict[str, str]) -> None:
    guarded = Guarded(max_delivery_bytes=500)
    problem(await guarded.ask("POST", path, content=b" " * 501, headers=headers), 413)
    problem(await guarded.ask("POST", path, content=pieces(6, 100), headers=headers), 413)
    assert (await guarded.ask("POST", "/api/v1/dms/events", content=b" " * 501)).status_code == 200


async def test_an_upload_may_last_longer_than_a_handler_as_long_as_it_comes() -> None:
    for seconds in (0.3, 3.0, 20.0):  # on a busy machine a pause may last longer than a short time allows
        guarded = Guarded(store_seconds=seconds, upload_bytes_per_second=1)
        answer = await guarded.ask("POST", "/api/v1/sales/imports", content=pieces(10, 1000, pause=seconds / 6))
        if answer.status_code == 200:
            break
    assert (answer.status_code, answer.json()) == (200, 10_000)
