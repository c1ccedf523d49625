"""Embeddings by OpenAI, or any server that speaks its API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from openai import APIStatusError, AsyncOpenAI, OpenAIError

from shared.vectors.errors import EmbeddingUnavailable, VectorsError

if TYPE_CHECKING:
    from collections.abc import Sequence

_TEXTS_A_REQUEST: Final = 256
_REFUSED: Final = frozenset({400, 413, 422})
"""Answers that blame what was asked for, which would be the same again."""


class OpenAIEmbedder:
    """An `Embedder` over the embeddings endpoint; costs money by the token."""

    def __init__(
        self,
        api_key: str,
        *,
        model: str,
        dimension: int,
        base_url: str | None = None,
        timeout_seconds: float = 10.0,
        retries: int = 2,
    ) -> None:
        """Use `model`, shortened by the server to `dimension` numbers; nothing is sent yet."""
        self._client = AsyncOpenAI(api_key=api_key, base_url=base_url, timeout=timeout_seconds, max_retries=retries)
        self._model = model
        self._dimension = dimension

    @property
    def name(self) -> str:
        """Identity of the model and its dimension."""
        return f"openai-{self._model}-{self._dimension}"

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        return self._dimension

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Embed texts, 256 a request.

        Raises `EmbeddingUnavailable` when the service fails or is too slow, and `VectorsError` for texts that
        it will never take, such as an empty one.
        """
        vectors: list[list[float]] = []
        for start in range(0, len(texts), _TEXTS_A_REQUEST):
            vectors += await self._request(list(texts[start : start + _TEXTS_A_REQUEST]))
        return vectors

    async def close(self) -> None:
        """Close the connections to the service."""
        await self._client.close()

    async def _request(self, texts: list[str]) -> list[list[float]]:
        try:
            answer = await self._client.embeddings.create(
                model=self._model, input=texts, dimensions=self._dimension, encoding_format="float"
            )
        except OpenAIError as error:
            if isinstance(error, APIStatusError) and error.status_code in _REFUSED:
                message = f"{self.name} refused to embed {len(texts)} texts: {error}"
                raise VectorsError(message) from error
            message = f"{self.name} could not embed {len(texts)} texts: {type(error).__name__}: {error}"
            raise EmbeddingUnavailable(message) from error
        vectors = [one.embedding for one in sorted(answer.data, key=lambda one: one.index)]
        if len(vectors) != len(texts) or any(len(vector) != self._dimension for vector in vectors):
            message = f"{self.name} answered with vectors of another number or length than was asked for"
            raise EmbeddingUnavailable(message)
        return vectors
