"""The client sends what it is told, counts what came back and reports refusals."""

import asyncio
import itertools

import pytest

from bench.connection import Connection, RefusedError, Request
from bench.request_loops import closed_loop, open_loop


@pytest.fixture
async def echo():
    """A server that answers each request with its own body, and /no with a refusal."""

    async def answer(reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
                body = await reader.readexactly(int(fields.get("content-length", 0)))
                status = "422 No" if head.startswith("GET /no ") else "200 OK"
                writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_connection_carries_many_requests(echo):
    async with Connection(echo) as connection:
        bodies = [await connection.send(Request("POST", "/", {}, body)) for body in (b"one", b"", b"x" * 200_000)]
    assert bodies == [b"one", b"", b"x" * 200_000]


async def test_a_refusal_is_told(echo):
    async with Connection(echo) as connection:
        with pytest.raises(RefusedError, match="GET /no: 422"):
            await connection.send(Request("GET", "/no"))


def test_other_machines_are_not_loaded():
    with pytest.raises(ValueError, match=r"127\.0\.0\.1 only"):
        Connection("http://192.0.2.1:80")


async def test_a_closed_loop_ends_with_its_requests(echo):
    requests = itertools.repeat(Request("POST", "/", {}, b"three", units=3), 40)
    done = await closed_loop(echo, requests, connections=4, seconds=30)
    assert (done.requests, done.units, len(done.took)) == (40, 120, 40)
    assert done.units_per_second == pytest.approx(120 / done.seconds)


async def test_an_open_loop_sends_each_request_once(echo):
    asked = []

    def request_of(number, due):
        asked.append((number, due))
        return Request("POST", "/", {}, b"1") if number % 2 else None

    took = await open_loop(echo, request_of, per_second=2_000, count=50, connections=2)
    assert len(took) == 25
    assert [number for number, _ in asked] == list(range(50))
    gaps = [later - earlier for (_, earlier), (_, later) in itertools.pairwise(asked)]
    assert gaps == pytest.approx([1 / 2_000] * 49)
