"""A Qdrant server over HTTP, asked with short patience."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeVar

from qdrant_client import AsyncQdrantClient, models
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from shared.vectors.engine import Scope, StoredMatch, StoredPoint
from shared.vectors.errors import VectorsError, VectorsUnavailable
from shared.vectors.server_collection import prepare_collection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from uuid import UUID

    from shared.vectors.breaker import CircuitBreaker

_Result = TypeVar("_Result")

_PIECE: Final = 500
_NOT_FOUND: Final = 404
_UNAUTHORISED: Final = frozenset({401, 403})
_RETRYABLE: Final = frozenset({408, 425, 429}) | _UNAUTHORISED
_SERVER_ERROR: Final = 500


class ServerEngine:
    """A `VectorEngine` over one collection of a Qdrant server, 1.16 or newer.

    The collection is created at the first call that reaches the server, so that a service starts, degraded,
    while Qdrant is away. A search waits `search_timeout_seconds`; after a few failures in a row the breaker
    turns calls away at once.
    """

    def __init__(
        self,
        client: AsyncQdrantClient,
        *,
        collection: str,
        dimension: int,
        breaker: CircuitBreaker,
        search_timeout_seconds: float = 0.3,
        write_timeout_seconds: float = 10.0,
    ) -> None:
        """Use `client` for one collection of vectors with `dimension` numbers; the client is closed here."""
        self._client = client
        self._collection = collection
        self._dimension = dimension
        self._breaker = breaker
        self._search_timeout = search_timeout_seconds
        self._write_timeout = write_timeout_seconds
        self._preparation: asyncio.Task[None] | None = None

    async def upsert(self, points: Sequence[StoredPoint]) -> None:
        """Write points in requests of 500; the server compares versions, so concurrent writers are safe."""
        ordered = sorted(points, key=attrgetter("source_version"))
        for start in range(0, len(ordered), _PIECE):
            operations = _conditional_upserts(ordered[start : start + _PIECE])
            request = partial(self._client.batch_update_points, self._collection, operations)
            await self._call(request, self._write_timeout)

    async def search(self, vector: Sequence[float], limit: int, scope: Scope) -> list[StoredMatch]:
        """Find the nearest points within the scope."""
        answer = await self._call(
            lambda: self._client.query_points(
                self._collection,
                query=list(vector),
                query_filter=_filter(scope),
                limit=limit,
                with_payload=True,
            ),
            self._search_timeout,
        )
        return [StoredMatch(one.score, one.payload or {}) for one in answer.points]

    async def delete(self, ids: Sequence[UUID], scope: Scope) -> None:
        """Remove those of the points that lie within the scope."""
        within = _filter(scope, models.HasIdCondition(has_id=[str(one) for one in ids]))
        await self._call(
            lambda: self._client.delete(self._collection, models.FilterSelector(filter=within)),
            self._write_timeout,
        )

    async def count(self, scope: Scope) -> int:
        """Count the points within the scope."""
        answer = await self._call(
            lambda: self._client.count(self._collection, count_filter=_filter(scope), exact=True),
            self._write_timeout,
        )
        return answer.count

    async def health(self) -> str:
        """Ask the server who it is, past the breaker, which a healthy greeting must not close."""
        about = await self._translated(self._client.info, self._write_timeout)
        state = "; searches are turned away after failures" if self._breaker.is_open else ""
        return f"Qdrant {about.version}{state}"

    async def close(self) -> None:
        """Close the connections to the server."""
        if self._preparation is not None:
            self._preparation.cancel()
        await self._client.close()

    async def _call(self, request: Callable[[], Awaitable[_Result]], patience: float) -> _Result:
        if not self._breaker.admit():
            wait = self._breaker.seconds_to_trial
            message = f"Qdrant failed several times in a row; it is asked again in {wait:.1f} s"
            raise VectorsUnavailable(message)

        async def prepared() -> _Result:
            await self._prepared()
            return await request()

        try:
            result = await self._translated(prepared, patience)
        except VectorsUnavailable:
            self._breaker.failed()
            raise
        self._breaker.succeeded()
        return result

    async def _prepared(self) -> None:
        task = self._preparation
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._preparation = asyncio.create_task(self._prepare())
            # Whoever waits gets the error; the callback only marks it seen when everybody gave up before.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        # Shielded: creating a collection may take longer than one search waits, and is shared by all.
        await asyncio.shield(task)

    async def _prepare(self) -> None:
        async with asyncio.timeout(self._write_timeout):
            await prepare_collection(self._client, self._collection, self._dimension)

    async def _translated(self, request: Callable[[], Awaitable[_Result]], patience: float) -> _Result:
        try:
            async with asyncio.timeout(patience):
                return await request()
        except TimeoutError as error:
            message = f"Qdrant did not answer within {patience} s"
            raise VectorsUnavailable(message) from error
        except (ResponseHandlingException, ResourceExhaustedResponse) as error:
            message = f"Qdrant could not be asked: {error!r}"
            raise VectorsUnavailable(message) from error
        except UnexpectedResponse as error:
            raise self._refusal(error) from error

    def _refusal(self, error: UnexpectedResponse) -> VectorsError:
        status = error.status_code or _SERVER_ERROR
        if status == _NOT_FOUND:
            # Dropped behind our back; it is made again, empty, and filled again from PostgreSQL.
            self._preparation = None
            return VectorsUnavailable(f"Qdrant has no collection {self._collection!r}; rebuild the vectors")
        if status in _RETRYABLE or status >= _SERVER_ERROR:
            hint = "; check DOSO_QDRANT_API_KEY" if status in _UNAUTHORISED else ""
            return VectorsUnavailable(f"Qdrant answered with status {status}{hint}")
        return VectorsError(f"Qdrant refused the request: {error}")


def _conditional_upserts(ordered: Sequence[StoredPoint]) -> list[models.UpsertOperation]:
    operations = []
    for version, group in groupby(ordered, key=attrgetter("source_version")):
        not_newer = models.FieldCondition(key="source_version", range=models.Range(lte=version))
        points = [
            models.PointStruct(id=str(point.id), vector=list(point.vector), payload=dict(point.payload))
            for point in group
        ]
        stored = models.PointsList(points=points, update_filter=models.Filter(must=[not_newer]))
        operations.append(models.UpsertOperation(upsert=stored))
    return operations


def _filter(scope: Scope, *also: models.HasIdCondition) -> models.Filter:
    conditions = [
        models.FieldCondition(key=key, match=models.MatchAny(any=list(texts)))
        for key, texts in scope.conditions.items()
    ]
    return models.Filter(must=[*conditions, *also])
