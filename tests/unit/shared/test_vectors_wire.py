"""Servers that are away, silent, refusing or old, over real sockets."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from shared.vectors import (
    Point,
    TenantVectors,
    VectorsError,
    VectorSettings,
    VectorsMisconfigured,
    VectorsUnavailable,
    open_vectors,
)
from shared.vectors.hashing import HashingEmbedder

EMBEDDER = HashingEmbedder()
VECTOR = [1.0] + [0.0] * 383

Answer = tuple[int, Any]
Behaviour = Callable[[str, str, Any], Answer | None]
"""Method, path and body of a request to status and body of the answer; None is silence."""


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Server:
    """Answers HTTP as it is told to, and remembers what it was asked."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.requests: list[tuple[str, str]] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, path, _ = head.split(" ", 2)
        lengths = [line.split(":")[1] for line in head.splitlines() if line.lower().startswith("content-length:")]
        body = await reader.readexactly(int(lengths[0])) if lengths else b"null"
        self.requests.append((method, path))
        answer = self.behaviour(method, path, json.loads(body))
        if answer is None:
            await reader.read()
        else:
            status, content = answer
            payload = json.dumps(content).encode()
            writer.write(
                f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n"
                f"content-length: {len(payload)}\r\n\r\n".encode()
                + payload
            )
        writer.close()


@asynccontextmanager
async def serving(behaviour: Behaviour) -> AsyncIterator[Server]:
    server = Server(behaviour)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()


@asynccontextmanager
async def store_at(url: str, clock: Clock, **settings: Any) -> AsyncIterator[TenantVectors]:
    chosen = VectorSettings(qdrant_url=url, vectors_breaker_failures=3, vectors_write_timeout_seconds=60, **settings)
    store = await open_vectors(chosen, EMBEDDER, clock=clock)
    try:
        yield store
    finally:
        await store.close()


def silent(_method: str, _path: str, _body: object) -> Answer | None:
    return None


class Qdrant:
    """As much of a Qdrant server as one search needs."""

    def __init__(self, version: str = "1.17.1", size: int = 384) -> None:
        self.version = version
        self.size = size
        self.created: list[dict[str, Any]] = []
        self.indexed: list[dict[str, Any]] = []
        self.failing_status: int | None = None

    def __call__(self, method: str, path: str, body: Any) -> Answer:
        if self.failing_status is not None:
            return self.failing_status, {"status": {"error": "told to fail"}}
        if path == "/":
            return 200, {"title": "qdrant", "version": self.version}
        if path.endswith("/exists"):
            return 200, {"result": {"exists": bool(self.created)}}
        if path.endswith("/points/query"):
            return 200, {"result": {"points": []}}
        if method == "PUT":
            (self.indexed if "/index" in path else self.created).append(body)
            return 200, {"result": {"operation_id": 0, "status": "completed"} if "/index" in path else True}
        return 200, {"result": collection_info(self.size)}


def collection_info(size: int) -> dict[str, Any]:
    config = {
        "params": {"vectors": {"size": size, "distance": "Cosine"}},
        "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10_000},
        "optimizer_config": {
            "deleted_threshold": 0.2,
            "vacuum_min_vector_number": 1000,
            "default_segment_number": 0,
            "flush_interval_sec": 5,
        },
    }
    return {
        "status": "green",
        "optimizer_status": "ok",
        "segments_count": 1,
        "config": config,
        "payload_schema": {},
    }


async def test_a_server_that_is_not_there_is_unavailable_and_no_start_up_error() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        async with store_at(f"http://127.0.0.1:{reserved.getsockname()[1]}", Clock()) as store:
            with pytest.raises(VectorsUnavailable):
                await store.search("a", VECTOR, 5)
            with pytest.raises(VectorsUnavailable):
                await store.upsert([Point("a", "vehicle", "vin", 1, VECTOR)])
            with pytest.raises(VectorsUnavailable):
                await store.health()


async def test_a_silent_server_is_given_up_on_and_then_left_alone_until_the_cool_down_ends() -> None:
    async with (
        serving(silent) as server,
        store_at(server.url, Clock(), vectors_search_timeout_seconds=0.05) as store,
    ):
        for _ in range(3):
            with pytest.raises(VectorsUnavailable, match="did not answer within"):
                await store.search("a", VECTOR, 5)
        asked = len(server.requests)
        for _ in range(5):
            with pytest.raises(VectorsUnavailable, match=r"asked again in 10\.0 s"):
                await store.search("a", VECTOR, 5)
        assert len(server.requests) == asked


async def test_after_the_cool_down_one_trial_closes_the_breaker() -> None:
    clock, qdrant = Clock(), Qdrant()
    async with (
        serving(qdrant) as server,
        store_at(server.url, clock, vectors_search_timeout_seconds=60) as store,
    ):
        assert await store.search("a", VECTOR, 5) == []
        qdrant.failing_status = 503
        for _ in range(3):
            with pytest.raises(VectorsUnavailable, match="status 503"):
                await store.search("a", VECTOR, 5)
        qdrant.failing_status = None
        assert "turned away" in await store.health()
        with pytest.raises(VectorsUnavailable, match="asked again"):
            await store.search("a", VECTOR, 5)
        clock.now += 10
        assert await store.search("a", VECTOR, 5) == []
        assert await store.search("a", VECTOR, 5) == []
        assert await store.health() == "Qdrant 1.17.1"


async def test_the_collection_is_made_once_with_a_tenant_index() -> None:
    qdrant = Qdrant()
    async with (
        serving(qdrant) as server,
        store_at(server.url, Clock(), vectors_search_timeout_seconds=60) as store,
    ):
        await asyncio.gather(*(store.search("a", VECTOR, 5) for _ in range(4)))
    assert [created["vectors"] for created in qdrant.created] == [{"size": 384, "distance": "Cosine"}]
    assert [made["field_name"] for made in qdrant.indexed] == ["tenant_id"]
    assert qdrant.indexed[0]["field_schema"] == {"type": "keyword", "is_tenant": True}
    assert ("PUT", "/collections/doso-local-hashing-384") in server.requests


@pytest.mark.parametrize(
    ("qdrant", "says"),
    [(Qdrant(version="1.15.5"), "1.16 or newer"), (Qdrant(size=3), "not made for 384 numbers")],
)
async def test_a_server_that_cannot_be_used_is_misconfigured(qdrant: Qdrant, says: str) -> None:
    async with (
        serving(qdrant) as server,
        store_at(server.url, Clock(), vectors_search_timeout_seconds=60) as store,
    ):
        with pytest.raises(VectorsMisconfigured, match=says):
            await store.search("a", VECTOR, 5)


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (401, VectorsUnavailable, "DOSO_QDRANT_API_KEY"),
        (404, VectorsUnavailable, "rebuild the vectors"),
        (429, VectorsUnavailable, "status 429"),
        (500, VectorsUnavailable, "status 500"),
        (400, VectorsError, "told to fail"),
    ],
)
async def test_refusals_say_whether_to_degrade_or_to_mend(status: int, kind: type[Exception], says: str) -> None:
    qdrant = Qdrant()
    async with (
        serving(qdrant) as server,
        store_at(server.url, Clock(), vectors_search_timeout_seconds=60) as store,
    ):
        await store.search("a", VECTOR, 5)
        qdrant.failing_status = status
        with pytest.raises(VectorsError, match=says) as raised:
            await store.search("a", VECTOR, 5)
        assert type(raised.value) is kind


async def test_a_dropped_collection_is_made_again() -> None:
    qdrant = Qdrant()
    async with (
        serving(qdrant) as server,
        store_at(server.url, Clock(), vectors_search_timeout_seconds=60) as store,
    ):
        await store.search("a", VECTOR, 5)
        qdrant.failing_status = 404
        with pytest.raises(VectorsUnavailable):
            await store.search("a", VECTOR, 5)
        qdrant.failing_status = None
        qdrant.created.clear()
        assert await store.search("a", VECTOR, 5) == []
        assert len(qdrant.created) == 1
