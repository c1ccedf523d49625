"""Make sure that a Qdrant server has our collection, as we need it."""

from __future__ import annotations

import re
from typing import Final

from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from shared.vectors.errors import VectorsMisconfigured

_OLDEST: Final = (1, 16)
_CONFLICT: Final = 409


async def prepare_collection(client: AsyncQdrantClient, collection: str, dimension: int) -> None:
    """Create the collection and its tenant index where missing; safe to run from several replicas at once.

    Raises `VectorsMisconfigured` for a server older than 1.16, which would ignore the version condition of a
    write, and for a collection of another dimension.
    """
    version = (await client.info()).version
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if numbers < _OLDEST:
        message = f"Qdrant {version} is too old: conditional writes need 1.16 or newer; upgrade the server"
        raise VectorsMisconfigured(message)
    if not await client.collection_exists(collection):
        await _create(client, collection, dimension)
    vectors = (await client.get_collection(collection)).config.params.vectors
    if not isinstance(vectors, models.VectorParams) or vectors.size != dimension:
        message = f"collection {collection!r} was not made for {dimension} numbers a vector: {vectors}"
        raise VectorsMisconfigured(message)
    index = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
    await client.create_payload_index(collection, "tenant_id", field_schema=index)


async def _create(client: AsyncQdrantClient, collection: str, dimension: int) -> None:
    vectors = models.VectorParams(size=dimension, distance=models.Distance.COSINE)
    try:
        await client.create_collection(collection, vectors_config=vectors)
    except UnexpectedResponse as error:
        # Another replica was first.
        if error.status_code != _CONFLICT:
            raise
