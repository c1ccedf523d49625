"""The port behind which a Qdrant engine stands; only `tenancy.TenantVectors` may call one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class StoredPoint:
    """A point as an engine keeps it; `payload` carries `tenant_id` and `source_version` at its top."""

    id: UUID
    source_version: int
    vector: Sequence[float]
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoredMatch:
    """A point as an engine finds it, with its cosine similarity."""

    score: float
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a request may see: payload key to the texts of which one must be equal; all keys must hold."""

    conditions: Mapping[str, tuple[str, ...]]


class VectorEngine(Protocol):
    """A store of points in one collection, without any idea of who asks.

    Every method raises `VectorsUnavailable` when the engine cannot answer.
    """

    async def upsert(self, points: Sequence[StoredPoint]) -> None:
        """Write points with distinct ids; one that is stored with a newer `source_version` stays as it is."""

    async def search(self, vector: Sequence[float], limit: int, scope: Scope) -> list[StoredMatch]:
        """Find the points within the scope that are nearest by cosine, best first."""

    async def delete(self, ids: Sequence[UUID], scope: Scope) -> None:
        """Remove those of the points that lie within the scope."""

    async def count(self, scope: Scope) -> int:
        """Count the points within the scope, exactly."""

    async def health(self) -> str:
        """Describe the engine in a few words, having asked it."""

    async def close(self) -> None:
        """Make everything durable and let go of the engine; further calls raise `VectorsUnavailable`."""
