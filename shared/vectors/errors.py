"""What can go wrong with vectors, from the caller's side."""

from __future__ import annotations


class VectorsError(Exception):
    """A request to the vector store was wrong, and would be wrong again: the message says how."""


class VectorsMisconfigured(VectorsError):
    """The store or the embedder cannot be used as configured; the message names the setting to change."""


class VectorsUnavailable(VectorsError):
    """The vector store cannot answer now; degrade the answer, say so in it, and go on without similarity."""


class EmbeddingUnavailable(VectorsUnavailable):
    """The embedding model cannot answer now; to a caller it is the same as a store that is away."""
