"""OpenAI embeddings over a real socket: in order, or unavailable, or refused."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from shared.vectors import EmbeddingUnavailable, VectorsError, VectorsUnavailable
from shared.vectors.openai_embedder import OpenAIEmbedder

Answer = tuple[int, Any]
Behaviour = Callable[[Any], Answer]
"""Body of a request to status and body of the answer."""


class Server:
    """Answers as it is told to, and remembers what it was asked."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.requests: list[tuple[str, str]] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        method, path, _ = head.split(" ", 2)
        self.requests.append((method.upper(), path))
        length = next(int(line.split(":")[1]) for line in head.splitlines() if "content-length" in line)
        status, content = self.behaviour(json.loads(await reader.readexactly(length)))
        payload = json.dumps(content).encode()
        lines = (f"HTTP/1.1 {status} X", "content-type: application/json", "connection: close")
        writer.write("\r\n".join((*lines, f"content-length: {len(payload)}", "", "")).encode() + payload)
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


def embeddings(dimension: int) -> Behaviour:
    def behave(body: Any) -> Answer:
        vectors = [[float(len(text))] * dimension for text in body["input"]]
        data = [{"object": "embedding", "index": at, "embedding": one} for at, one in enumerate(vectors)]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return 200, {"object": "list", "model": body["model"], "data": data[::-1], "usage": usage}

    return behave


@asynccontextmanager
async def openai_at(url: str) -> AsyncIterator[OpenAIEmbedder]:
    key = SecretStr("key").get_secret_value()
    embedder = OpenAIEmbedder(key, model="small", dimension=32, base_url=url, timeout_seconds=60, retries=0)
    yield embedder
    await embedder.close()


async def test_openai_vectors_come_back_in_the_order_of_the_texts_however_many() -> None:
    async with serving(embeddings(32)) as server, openai_at(server.url) as embedder:
        texts = ["x" * (1 + number % 7) for number in range(300)]
        vectors = await embedder.embed(texts)
        assert [vector[0] for vector in vectors] == [float(len(text)) for text in texts]
        assert server.requests == [("POST", "/embeddings")] * 2
        assert embedder.name == "openai-small-32"


async def test_an_openai_that_fails_is_unavailable_like_a_store_that_is_away() -> None:
    def failing(_body: object) -> Answer:
        return 500, {"error": {"message": "told to fail"}}

    async with serving(failing) as server, openai_at(server.url) as embedder:
        with pytest.raises(EmbeddingUnavailable, match="openai-small-32 could not embed 1 texts"):
            await embedder.embed(["x"])
    assert issubclass(EmbeddingUnavailable, VectorsUnavailable)


async def test_openai_vectors_of_another_length_are_not_taken() -> None:
    async with serving(embeddings(31)) as server, openai_at(server.url) as embedder:
        with pytest.raises(EmbeddingUnavailable, match="another number or length"):
            await embedder.embed(["x"])


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_text_that_openai_refuses_is_the_callers_mistake(status: int) -> None:
    def refusing(_body: object) -> Answer:
        return status, {"error": {"message": "input cannot be empty"}}

    async with serving(refusing) as server, openai_at(server.url) as embedder:
        with pytest.raises(VectorsError, match="refused to embed") as raised:
            await embedder.embed([""])
        assert not isinstance(raised.value, VectorsUnavailable)
