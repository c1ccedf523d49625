"""Open the vector store that the settings name."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from shared.vectors.breaker import CircuitBreaker
from shared.vectors.errors import VectorsMisconfigured
from shared.vectors.points import collection_name
from shared.vectors.tenancy import TenantVectors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shared.vectors.embedder import Embedder
    from shared.vectors.engine import VectorEngine
    from shared.vectors.settings import VectorSettings


async def open_vectors(
    settings: VectorSettings,
    embedder: Embedder,
    *,
    path: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> TenantVectors:
    """Open the store for one embedder's vectors: the server when a URL is set, else the engine on disk.

    `path`, or else `settings.vectors_path`, is the directory of the engine on disk. A server that is away is
    no error here: calls raise `VectorsUnavailable` until it is back. Raises `VectorsMisconfigured` when
    neither a URL nor a directory is given, or the directory cannot be used.
    """
    collection = collection_name(settings.vectors_collection, embedder.name)
    directory = path or settings.vectors_path
    if settings.qdrant_url is not None:
        engine = _server(settings, settings.qdrant_url, collection, embedder.dimension, clock)
    elif directory is not None:
        engine = await _edge(directory / collection, embedder.dimension)
    else:
        message = "no vector store: set DOSO_QDRANT_URL to a server, or DOSO_VECTORS_PATH to a directory"
        raise VectorsMisconfigured(message)
    return TenantVectors(engine, model=embedder.name, dimension=embedder.dimension)


def _server(
    settings: VectorSettings, url: str, collection: str, dimension: int, clock: Callable[[], float]
) -> VectorEngine:
    # Imported when needed: the client takes 130 MiB and two seconds.
    from qdrant_client import AsyncQdrantClient  # noqa: PLC0415

    from shared.vectors.server import ServerEngine  # noqa: PLC0415

    key = settings.qdrant_api_key
    client = AsyncQdrantClient(
        url=url,
        api_key=key.get_secret_value() if key else None,
        # Its own check asks the server from the constructor, and so would hold the event loop.
        check_compatibility=False,
    )
    breaker = CircuitBreaker(
        failures=settings.vectors_breaker_failures,
        cooldown_seconds=settings.vectors_breaker_cooldown_seconds,
        clock=clock,
    )
    return ServerEngine(
        client,
        collection=collection,
        dimension=dimension,
        breaker=breaker,
        search_timeout_seconds=settings.vectors_search_timeout_seconds,
        write_timeout_seconds=settings.vectors_write_timeout_seconds,
    )


async def _edge(directory: Path, dimension: int) -> VectorEngine:
    # Imported when needed: only the embedded mode installs it.
    from shared.vectors.edge import EdgeEngine  # noqa: PLC0415

    engine = EdgeEngine(directory, dimension=dimension)
    await engine.open()
    return engine
