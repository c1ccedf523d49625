"""The port to an embedding model, and the choice of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import structlog

from shared.vectors.errors import VectorsMisconfigured
from shared.vectors.hashing import HashingEmbedder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.vectors.settings import VectorSettings


class Embedder(Protocol):
    """Turns texts into vectors of unit length; `name` identifies the model and how it is used."""

    @property
    def name(self) -> str:
        """Identity of the model; vectors of different names are never compared."""

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Give one vector a text, in order; raises `EmbeddingUnavailable` when the model is away."""


def choose_embedder(settings: VectorSettings) -> Embedder:
    """Choose the embedding model and log which one and why.

    `auto` takes OpenAI when its key is set, else a fastembed model that is already on disk, else local
    hashing. Raises `VectorsMisconfigured` when the model that was asked for by name cannot be had.
    """
    embedder, reason = _chosen(settings)
    structlog.get_logger("doso.vectors").info(
        "embedder chosen", embedder=embedder.name, dimension=embedder.dimension, reason=reason
    )
    return embedder


def _chosen(settings: VectorSettings) -> tuple[Embedder, str]:
    choice = settings.embedder
    if choice == "hashing":
        return HashingEmbedder(), "asked for by DOSO_EMBEDDER"
    if choice == "openai" or (choice == "auto" and settings.openai_api_key is not None):
        return _openai(settings), "OPENAI_API_KEY is set"
    # Imported when needed: the model's runtime takes 80 MiB.
    from shared.vectors.fastembed_embedder import fastembed_at_hand  # noqa: PLC0415

    local = fastembed_at_hand(settings.fastembed_model, settings.fastembed_cache)
    if local is not None:
        return local, "its model is on this disk"
    if choice == "fastembed":
        message = (
            f"DOSO_EMBEDDER=fastembed, but {settings.fastembed_model} is not in FASTEMBED_CACHE_PATH; models "
            "are never downloaded by DOSO: put it there, or set DOSO_EMBEDDER=hashing"
        )
        raise VectorsMisconfigured(message)
    return HashingEmbedder(), "no OPENAI_API_KEY and no fastembed model on this disk"


def _openai(settings: VectorSettings) -> Embedder:
    if settings.openai_api_key is None:
        message = "DOSO_EMBEDDER=openai needs OPENAI_API_KEY"
        raise VectorsMisconfigured(message)
    # Imported when needed: the client takes 40 MiB.
    from shared.vectors.openai_embedder import OpenAIEmbedder  # noqa: PLC0415

    return OpenAIEmbedder(
        settings.openai_api_key.get_secret_value(),
        model=settings.openai_embedding_model,
        dimension=settings.openai_embedding_dimension,
        base_url=settings.openai_base_url,
        timeout_seconds=settings.openai_timeout_seconds,
    )
