"""Heads that come slowly, or not at all, on a real server."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import uvicorn
from websockets.asyncio.client import connect

from services.gateway.limits import protocol
from services.gateway.limits.protocol import BoundedHttpProtocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def answering(scope, receive, send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        return
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[str, int]]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(answering, http=BoundedHttpProtocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield listener.getsockname()
    finally:
        server.should_exit = True
        await task
        listener.close()


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with serving() as address:
        reader, writer = await asyncio.open_connection(*address)
        try:
            yield reader, writer
        finally:
            writer.close()


@pytest.fixture(autouse=True)
def hasty(monkeypatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 2.0)


@pytest.mark.parametrize("first", [False, True], ids=["new connection", "kept-alive connection"])
async def test_a_head_that_does_not_end_is_a_problem(first: bool) -> None:
    async with connected() as (reader, writer):
        if first:
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n")
        answer = await asyncio.wait_for(reader.read(), 60)
    head, body = answer.split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408")
    assert json.loads(body)["status"] == 408


async def test_a_connection_that_asks_nothing_is_closed() -> None:
    async with connected() as (reader, _):
        assert await asyncio.wait_for(reader.read(), 60) == b""


async def test_a_kept_alive_connection_is_not_hurried_between_requests() -> None:
    async with connected() as (reader, writer):
        for _ in range(3):
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab")
            assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).startswith(b"HTTP/1.1 204")
            await asyncio.sleep(2 * protocol.HEAD_SECONDS)


async def test_a_head_that_grows_and_grows_is_cut_off() -> None:
    async with connected() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n")
        for number in range(1000):
            writer.write(b"X-%d: " % number + b"a" * 1000 + b"\r\n")
        answer = await asyncio.wait_for(reader.read(1000), 60)
    assert answer.startswith(b"HTTP/1.1 431")


async def test_a_websocket_is_no_head_and_lives_on() -> None:
    async with serving() as (host, port), connect(f"ws://{host}:{port}/", open_timeout=60) as client:
        for number in range(4):  # each time, a head would have been given up
            await asyncio.sleep(2 * protocol.HEAD_SECONDS)
            await client.send(f"{number}")
            assert await asyncio.wait_for(client.recv(), 60) == f"{number}"
