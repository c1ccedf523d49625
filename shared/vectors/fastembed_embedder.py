"""Embeddings by a small ONNX model that is already on this disk; nothing is ever downloaded."""

from __future__ import annotations

import asyncio
import importlib.util
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from shared.vectors.errors import EmbeddingUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastembed import TextEmbedding


class FastembedEmbedder:
    """An `Embedder` over a loaded model; it computes on one thread of its own."""

    def __init__(self, model: TextEmbedding, name: str) -> None:
        """Use a loaded model under the name by which it was loaded."""
        self._model = model
        self._name = name
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embed")

    @property
    def name(self) -> str:
        """Identity of the model and its dimension."""
        return f"fastembed-{self._name}-{self.dimension}"

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        return self._model.embedding_size

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Embed texts; raises `EmbeddingUnavailable` when the runtime fails."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, self._embed, list(texts))
        except Exception as error:  # the runtime raises nothing narrower than Exception
            message = f"{self.name} could not embed {len(texts)} texts: {error}"
            raise EmbeddingUnavailable(message) from error

    def _embed(self, texts: list[str]) -> list[list[float]]:
        return [vector.tolist() for vector in self._model.embed(texts)]


def fastembed_at_hand(model: str, cache: Path | None) -> FastembedEmbedder | None:
    """Load a model from the cache directory, or give nothing when it, or the package, is not there.

    `cache` None is fastembed's own default directory. Loading takes about a second: call it at start-up.
    """
    directory = cache or Path(tempfile.gettempdir()) / "fastembed_cache"
    if importlib.util.find_spec("fastembed") is None or next(directory.rglob("*.onnx"), None) is None:
        return None
    # Imported when there is a model: the runtime takes 80 MiB.
    from fastembed import TextEmbedding  # noqa: PLC0415

    try:
        loaded = TextEmbedding(model, cache_dir=str(directory), threads=1, local_files_only=True)
    except Exception as error:  # noqa: BLE001 what a broken model raises depends on where it is broken
        structlog.get_logger("doso.vectors").warning(
            "fastembed model cannot be loaded", model=model, directory=str(directory), error=str(error)
        )
        return None
    return FastembedEmbedder(loaded, model)
