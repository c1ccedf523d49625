"""The Qdrant engine in this process, on disk: what the embedded mode runs on."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from qdrant_edge import (
    CountRequest,
    Distance,
    EdgeConfig,
    EdgeShard,
    EdgeVectorParams,
    FieldCondition,
    Filter,
    HasIdCondition,
    KeywordIndexParams,
    MatchAny,
    Point,
    Query,
    QueryRequest,
    UpdateOperation,
)

from shared.vectors.engine import Scope, StoredMatch, StoredPoint
from shared.vectors.errors import VectorsMisconfigured, VectorsUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from uuid import UUID

_Result = TypeVar("_Result")

# One piece of an upsert takes some 7 ms at 384 numbers; a search waits behind at most one of them.
_PIECE: Final = 250


class EdgeEngine:
    """A `VectorEngine` over one Qdrant shard in a directory.

    One thread owns the shard: the event loop is never held, and a check of stored versions followed by a
    write cannot be overtaken. Writes go through the shard's write-ahead log and survive a killed process.
    Segment optimisation is never run: it holds the interpreter's lock for seconds, and the tenant index
    already keeps searches small.
    """

    def __init__(self, directory: Path, *, dimension: int, timeout_seconds: float = 2.0) -> None:
        """Describe the shard in `directory`; nothing is opened before `open`."""
        self._directory = directory
        self._dimension = dimension
        self._timeout = timeout_seconds
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vectors")
        self._shard: EdgeShard | None = None

    async def open(self) -> None:
        """Load the shard, or create it when the directory is new.

        Raises `VectorsMisconfigured` when another process holds it or it was made for another dimension.
        """
        try:
            self._shard = await self._in_worker(lambda: _open(self._directory, self._dimension))
        except VectorsUnavailable as error:
            self._worker.shutdown(wait=False)
            hint = "another process has it open" if "WouldBlock" in str(error) else "see the reason"
            message = f"vectors in {self._directory} cannot be opened ({hint}): {error}"
            raise VectorsMisconfigured(message) from error

    async def upsert(self, points: Sequence[StoredPoint]) -> None:
        """Write points in pieces, leaving alone those stored with a newer version."""
        for start in range(0, len(points), _PIECE):
            await self._call(partial(_write_newer, points[start : start + _PIECE]))

    async def search(self, vector: Sequence[float], limit: int, scope: Scope) -> list[StoredMatch]:
        """Find the nearest points within the scope."""
        request = QueryRequest(
            limit=limit,
            query=Query.Nearest(list(vector)),
            filter=_filter(scope),
            with_payload=True,
            with_vector=False,
        )
        try:
            async with asyncio.timeout(self._timeout):
                found = await self._call(lambda shard: shard.query(request))
        except TimeoutError as error:
            message = f"the embedded vector engine did not answer within {self._timeout} s"
            raise VectorsUnavailable(message) from error
        return [StoredMatch(one.score, one.payload or {}) for one in found]

    async def delete(self, ids: Sequence[UUID], scope: Scope) -> None:
        """Remove those of the points that lie within the scope."""
        within = _filter(scope, HasIdCondition(set(ids)))
        await self._call(lambda shard: shard.update(UpdateOperation.delete_points_by_filter(within)))

    async def count(self, scope: Scope) -> int:
        """Count the points within the scope."""
        request = CountRequest(exact=True, filter=_filter(scope))
        return await self._call(lambda shard: shard.count(request))

    async def health(self) -> str:
        """Describe the shard."""
        points = await self._call(lambda shard: shard.info().points_count)
        return f"embedded Qdrant engine, {points} points"

    async def close(self) -> None:
        """Flush and close the shard; closing twice is no error."""
        shard, self._shard = self._shard, None
        if shard is not None:
            await self._in_worker(lambda: _close(shard))
            self._worker.shutdown(wait=False)

    async def _call(self, work: Callable[[EdgeShard], _Result]) -> _Result:
        shard = self._shard
        if shard is None:
            message = f"the embedded vector engine in {self._directory} is not open"
            raise VectorsUnavailable(message)
        return await self._in_worker(lambda: work(shard))

    async def _in_worker(self, work: Callable[[], _Result]) -> _Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, work)
        except Exception as error:  # the engine raises nothing narrower than Exception
            message = f"the embedded vector engine failed: {error}"
            raise VectorsUnavailable(message) from error


def _open(directory: Path, dimension: int) -> EdgeShard:
    config = EdgeConfig(vectors=EdgeVectorParams(size=dimension, distance=Distance.Cosine))
    if (directory / "edge_config.json").exists():
        shard = EdgeShard.load(str(directory), config)
    else:
        directory.mkdir(parents=True, exist_ok=True)
        shard = EdgeShard.create(str(directory), config)
    if "tenant_id" not in shard.info().payload_schema:
        index = KeywordIndexParams(is_tenant=True)
        shard.update(UpdateOperation.create_field_index("tenant_id", index))
    return shard


def _close(shard: EdgeShard) -> None:
    shard.flush()
    shard.close()


def _write_newer(points: Sequence[StoredPoint], shard: EdgeShard) -> None:
    present = shard.retrieve([point.id for point in points], ["source_version"], False)  # noqa: FBT003 positional only in the engine
    versions = {str(record.id): int((record.payload or {}).get("source_version", 0)) for record in present}
    fresh = [
        Point(id=point.id, vector=list(point.vector), payload=dict(point.payload))
        for point in points
        if versions.get(str(point.id), point.source_version) <= point.source_version
    ]
    if fresh:
        shard.update(UpdateOperation.upsert_points(fresh))


def _filter(scope: Scope, *also: HasIdCondition) -> Filter:
    conditions = [FieldCondition(key=key, match=MatchAny(any=list(texts))) for key, texts in scope.conditions.items()]
    return Filter(must=[*conditions, *also])
