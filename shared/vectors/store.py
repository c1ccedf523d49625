"""The vector store that services see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.vectors.points import Match, Point, Where


class VectorStore(Protocol):
    """Similarity between the entities of a tenant, and those shared with every tenant.

    PostgreSQL stays the source of truth: results carry ids, to be read there under row-level security, and
    everything in the store can be built again. Every method raises `VectorsUnavailable` when the engine is
    away, which a caller answers by degrading, and `VectorsError` when the request itself is wrong.
    """

    async def upsert(self, points: Sequence[Point]) -> None:
        """Write points, of one tenant or of several; older source versions do not overwrite newer ones."""

    async def search(
        self,
        tenant_id: str,
        vector: Sequence[float],
        limit: int,
        *,
        kinds: Sequence[str] = (),
        where: Where | None = None,
    ) -> list[Match]:
        """Find what the tenant may see that is nearest to the vector, best first."""

    async def delete(self, tenant_id: str, ids: Sequence[str], *, kind: str) -> None:
        """Remove entities of one kind that the tenant itself owns, by entity id."""

    async def count(self, tenant_id: str) -> int:
        """Count the points that the tenant itself owns; shared ones are counted under `SHARED_TENANT`."""

    async def health(self) -> str:
        """Describe the engine in a few words, having asked it."""

    async def close(self) -> None:
        """Make everything durable and let go of the engine."""
