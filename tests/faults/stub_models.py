"""Stand-ins for a Qdrant server and an embedding model: they speak the protocol and know nothing.

There is no Qdrant server here. What is simulated with this one is the way to it: a server that is away, slow
or back again. What a real server does with the vectors is not shown by it.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

OPENAI_DIMENSION = 512


class StubModels:
    """Answers what recommend asks of a vector store and of an embedding model, and counts it."""

    def __init__(self, dimension: int) -> None:
        self.searches = 0
        self.embeddings = 0
        self.port = 0
        self._dimension = dimension

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, path, _ = head.split(" ", 2)
                lengths = [
                    line.split(":")[1] for line in head.splitlines() if line.lower().startswith("content-length:")
                ]
                body = json.loads(await reader.readexactly(int(lengths[0]))) if lengths and int(lengths[0]) else None
                payload = json.dumps(self._answer(method, path.partition("?")[0], body)).encode()
                writer.write(
                    f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(payload)}\r\n\r\n".encode()
                    + payload
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    def _answer(self, method: str, path: str, body: Any) -> Any:
        if path == "/":
            return {"title": "qdrant - vector search engine", "version": "1.16.0"}
        if path.endswith("/embeddings"):
            self.embeddings += 1
            texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
            vector = [1.0] + [0.0] * (OPENAI_DIMENSION - 1)
            data = [{"object": "embedding", "index": n, "embedding": vector} for n in range(len(texts))]
            return {"object": "list", "data": data, "model": "stub", "usage": {"prompt_tokens": 1, "total_tokens": 1}}
        return {"result": self._result(method, path), "status": "ok", "time": 0.001}

    def _result(self, method: str, path: str) -> Any:
        if path.endswith("/exists"):
            return {"exists": True}
        if path.endswith("/points/count"):
            return {"count": 3}
        if path.endswith("/points/query"):
            self.searches += 1
            return {"points": []}
        if method == "GET":
            vectors = {"size": self._dimension, "distance": "Cosine"}
            return {
                "status": "green", "optimizer_status": "ok", "points_count": 3, "segments_count": 1,
                "payload_schema": {},
                "config": {
                    "params": {"vectors": vectors},
                    "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10_000},
                    "optimizer_config": {
                        "deleted_threshold": 0.2, "vacuum_min_vector_number": 1000, "default_segment_number": 0,
                        "flush_interval_sec": 5,
                    },
                },
            }  # fmt: skip
        return {"operation_id": 1, "status": "completed"}


@asynccontextmanager
async def stub_models(dimension: int) -> AsyncIterator[StubModels]:
    """Run the stand-ins for vectors of so many numbers."""
    stub = StubModels(dimension)
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0)
    stub.port = server.sockets[0].getsockname()[1]
    try:
        yield stub
    finally:
        server.close()
