"""An embedding without a model: hashed words and pieces of words, for where no model is at hand.

Feature hashing with signs after Weinberger et al., "Feature Hashing for Large Scale Multitask Learning"
(ICML 2009): texts that share words, neighbouring words or pieces of words get similar vectors. It knows
spelling, not meaning.
"""

from __future__ import annotations

import asyncio
import math
import re
import unicodedata
from collections import Counter
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DIMENSION: Final = 384
_WORD: Final = re.compile(r"\d+(?:[.,]\d+)*|[^\W_]+(?:['-][^\W_]+)*")
_PIECE_LENGTHS: Final = (3, 4, 5)
_PAIR_WEIGHT: Final = 0.5
_PIECES_WEIGHT: Final = 0.7
# Fewer texts than this are done before a hop to a thread would have paid off.
_INLINE: Final = 8
_KEPT: Final = 8192
"""Words, and pairs of words, that are remembered; a kilobyte each."""

Features = tuple[NDArray[np.intp], NDArray[np.float64]]


class HashingEmbedder:
    """An `Embedder` that is deterministic across processes, machines and Python versions.

    Anything that changes a vector must change `name`, for stored vectors are compared with new ones.
    """

    @property
    def name(self) -> str:
        """Identity of the algorithm and its dimension."""
        return "local-hashing-384"

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        return _DIMENSION

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Embed texts, about 10,000 short ones a second.

        Raises `ValueError` for a text without a single letter or digit, which has no direction.
        """
        if len(texts) <= _INLINE:
            return hashing_vectors(texts)
        return await asyncio.to_thread(hashing_vectors, texts)


def hashing_vectors(texts: Sequence[str]) -> list[list[float]]:
    """Give the vector of each text: 384 numbers, Euclidean length 1.

    Raises `ValueError` for a text without a single letter or digit.
    """
    return [_vector(text, position).tolist() for position, text in enumerate(texts)]


def _vector(text: str, position: int) -> NDArray[np.float64]:
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    pairs = Counter(pairwise(words))
    parts = [_scaled(_word_features(word), count) for word, count in Counter(words).items()]
    parts += [_scaled(_pair_features(*pair), count) for pair, count in pairs.items()]
    if not parts:
        message = f"text {position} has no letter or digit to embed: {text[:80]!r}"
        raise ValueError(message)
    indices = np.concatenate([part[0] for part in parts])
    weights = np.concatenate([part[1] for part in parts])
    vector = np.bincount(indices, weights=weights, minlength=_DIMENSION)
    return vector / np.linalg.norm(vector)


def _scaled(features: Features, count: int) -> Features:
    indices, weights = features
    return indices, weights * (1.0 + math.log(count))


def _word_features(word: str) -> Features:
    known = _features_of_word.__wrapped__ if _is_amount(word) else _features_of_word
    return known(word)


def _pair_features(first: str, second: str) -> Features:
    known = _features_of_pair.__wrapped__ if _is_amount(first) or _is_amount(second) else _features_of_pair
    return known(first, second)


@lru_cache(maxsize=_KEPT)
def _features_of_word(word: str) -> Features:
    pieces = list(_pieces(word))
    weight = _PIECES_WEIGHT / math.sqrt(len(pieces))
    hashed = [_hashed(f"word {word}", 1.0), *(_hashed(f"piece {piece}", weight) for piece in pieces)]
    return _as_features(hashed)


@lru_cache(maxsize=_KEPT)
def _features_of_pair(first: str, second: str) -> Features:
    return _as_features([_hashed(f"pair {first} {second}", _PAIR_WEIGHT)])


def _is_amount(word: str) -> bool:
    """Tell amounts such as ``18,490`` from words and small numbers: each comes once, and is not worth remembering."""
    return not word.isalnum() and word[0].isdigit()


def _pieces(word: str) -> Iterator[str]:
    bounded = f"<{word}>"
    for length in _PIECE_LENGTHS:
        for start in range(max(1, len(bounded) - length + 1)):
            yield bounded[start : start + length]


def _hashed(feature: str, weight: float) -> tuple[int, float]:
    # Not Python's hash(), which differs from process to process.
    number = int.from_bytes(blake2b(feature.encode(), digest_size=8).digest(), "big")
    return (number >> 1) % _DIMENSION, weight if number & 1 else -weight


def _as_features(hashed: Sequence[tuple[int, float]]) -> Features:
    indices = np.array([index for index, _ in hashed], dtype=np.intp)
    return indices, np.array([weight for _, weight in hashed], dtype=np.float64)
