"""The only way to the vector engines: whoever asks sees their own points and the shared ones.

Invariant kept here: every request that reaches an engine carries a condition on `tenant_id`, and a caller's
attributes live under a key of their own, so that no payload and no filter can name another tenant.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from shared.vectors.engine import Scope, StoredMatch, StoredPoint, VectorEngine
from shared.vectors.errors import VectorsError
from shared.vectors.points import SHARED_TENANT, Match, Point, Where, point_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

MAX_LIMIT: Final = 1_000
_ATTRIBUTES: Final = "attributes"


class TenantVectors:
    """A `VectorStore` over one engine and one embedding model."""

    def __init__(self, engine: VectorEngine, *, model: str, dimension: int) -> None:
        """Wrap an engine whose vectors all come from `model` and have `dimension` numbers."""
        self._engine = engine
        self._model = model
        self._dimension = dimension

    async def upsert(self, points: Sequence[Point]) -> None:
        """Write points; of several with one identity the newest is written.

        Raises `VectorsError` for a vector of the wrong length or with a number that is not finite, and
        `VectorsUnavailable` when the engine is away.
        """
        newest: dict[UUID, StoredPoint] = {}
        for point in points:
            stored = self._stored(point)
            present = newest.get(stored.id)
            if present is None or present.source_version <= stored.source_version:
                newest[stored.id] = stored
        if newest:
            await self._engine.upsert(list(newest.values()))

    async def search(
        self,
        tenant_id: str,
        vector: Sequence[float],
        limit: int,
        *,
        kinds: Sequence[str] = (),
        where: Where | None = None,
    ) -> list[Match]:
        """Find the tenant's own and the shared points nearest to the vector by cosine, best first.

        `limit` is 1 to 1,000; `kinds` empty means every kind; `where` compares attributes of the payload.
        Raises `VectorsError` for a wrong request and `VectorsUnavailable` when the engine is away.
        """
        _require_tenant(tenant_id)
        self._require_vector(vector, f"search of tenant {tenant_id!r}")
        if not 1 <= limit <= MAX_LIMIT:
            message = f"limit is {limit}; ask for 1 to {MAX_LIMIT} matches"
            raise VectorsError(message)
        visible = tuple(dict.fromkeys((tenant_id, SHARED_TENANT)))
        conditions: dict[str, tuple[str, ...]] = {"tenant_id": visible}
        if kinds:
            conditions["kind"] = tuple(kinds)
        for key, wanted in (where or {}).items():
            conditions[f"{_ATTRIBUTES}.{key}"] = (wanted,) if isinstance(wanted, str) else tuple(wanted)
        found = await self._engine.search(vector, limit, Scope(conditions))
        return [_match(one, visible) for one in found]

    async def delete(self, tenant_id: str, ids: Sequence[str], *, kind: str) -> None:
        """Remove the tenant's own entities of one kind; ids that are not there are no error.

        A removed point leaves no version behind: an update of the same entity that arrives late brings it
        back, and callers drop such a match when PostgreSQL no longer knows the id.
        """
        _require_tenant(tenant_id)
        if ids:
            points = [point_id(tenant_id, kind, one, self._model) for one in ids]
            await self._engine.delete(points, Scope({"tenant_id": (tenant_id,)}))

    async def count(self, tenant_id: str) -> int:
        """Count the points that the tenant itself owns."""
        _require_tenant(tenant_id)
        return await self._engine.count(Scope({"tenant_id": (tenant_id,)}))

    async def health(self) -> str:
        """Describe the engine in a few words; raises `VectorsUnavailable` when it does not answer."""
        return await self._engine.health()

    async def close(self) -> None:
        """Make everything durable and let go of the engine."""
        await self._engine.close()

    def _stored(self, point: Point) -> StoredPoint:
        _require_tenant(point.tenant_id)
        self._require_vector(point.vector, f"{point.kind} {point.entity_id!r} of tenant {point.tenant_id!r}")
        payload = {
            "tenant_id": point.tenant_id,
            "kind": point.kind,
            "entity_id": point.entity_id,
            "source_version": point.source_version,
            _ATTRIBUTES: dict(point.payload),
        }
        identity = point_id(point.tenant_id, point.kind, point.entity_id, self._model)
        return StoredPoint(identity, point.source_version, point.vector, payload)

    def _require_vector(self, vector: Sequence[float], whose: str) -> None:
        if len(vector) != self._dimension:
            message = f"{whose}: the vector has {len(vector)} numbers, {self._model} makes {self._dimension}"
            raise VectorsError(message)
        if not all(map(math.isfinite, vector)):
            message = f"{whose}: the vector holds a number that is not finite"
            raise VectorsError(message)


def _require_tenant(tenant_id: str) -> None:
    if not tenant_id:
        message = "tenant_id is empty; every request is made for one tenant"
        raise VectorsError(message)


def _match(found: StoredMatch, visible: tuple[str, ...]) -> Match:
    payload = found.payload
    tenant_id = payload.get("tenant_id")
    if tenant_id not in visible:
        # Second fence: an engine that ignored the filter must not become a leak.
        message = f"the engine returned a point of tenant {tenant_id!r} to a search over {visible}"
        raise VectorsError(message)
    return Match(
        id=payload["entity_id"],
        score=found.score,
        payload=payload[_ATTRIBUTES],
        kind=payload["kind"],
        tenant_id=payload["tenant_id"],
        source_version=payload["source_version"],
    )
