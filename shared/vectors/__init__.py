"""Similarity search behind one protocol: a Qdrant server, or the Qdrant engine in this process."""

from shared.vectors.embedder import Embedder, choose_embedder
from shared.vectors.errors import (
    EmbeddingUnavailable,
    VectorsError,
    VectorsMisconfigured,
    VectorsUnavailable,
)
from shared.vectors.opening import open_vectors
from shared.vectors.points import SHARED_TENANT, Match, Point
from shared.vectors.settings import VectorSettings
from shared.vectors.store import VectorStore
from shared.vectors.tenancy import TenantVectors

__all__ = [
    "SHARED_TENANT",
    "Embedder",
    "EmbeddingUnavailable",
    "Match",
    "Point",
    "TenantVectors",
    "VectorSettings",
    "VectorStore",
    "VectorsError",
    "VectorsMisconfigured",
    "VectorsUnavailable",
    "choose_embedder",
    "open_vectors",
]
