"""Similar past cases: how advice like this one ended, by embedding similarity."""

import random
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import structlog

from services.recommend import store
from shared.events import OutcomeRecorded, RecommendationIssued, SimilarCase
from shared.messaging import UnitOfWork
from shared.postgres import WorkItem, WorkTable
from shared.vectors import Embedder, Point, VectorStore, VectorsUnavailable

KIND = "advice"
CASES = WorkTable("case")
_NEAREST = 3
_NEAR_ENOUGH = 0.5
_AWAY = 3
"""So many failures one after the other are taken for a search that is away, and nothing else is tried."""
_T = TypeVar("_T")
_log = structlog.stdlib.get_logger("doso.similar", service="recommend")


class SimilarCases:
    """Past advice whose end is known, searchable by likeness; results are read from PostgreSQL by id."""

    def __init__(self, work: UnitOfWork, vectors: VectorStore, embedder: Embedder) -> None:
        self._work = work
        self._vectors = vectors
        self._embedder = embedder

    @staticmethod
    def ending(event: OutcomeRecorded) -> str:
        """Say in words how advice ended."""
        when = f"{event.kind.value} after {event.days} days"
        return when if event.realised_value is None else f"{when}, worth {event.realised_value} {event.currency}"

    async def attach(self, fresh: Sequence[RecommendationIssued]) -> list[RecommendationIssued]:
        """Attach the most similar past cases; where the search is down, advice goes out without and says so."""
        if not fresh:
            return []
        tenant_id = fresh[0].tenant_id
        try:
            if await self._vectors.count(str(tenant_id)) == 0:
                return list(fresh)
            vectors = await self._embedder.embed([_text(event) for event in fresh])
            found = [await self._vectors.search(str(tenant_id), vector, _NEAREST, kinds=[KIND]) for vector in vectors]
        except VectorsUnavailable as error:
            _log.warning("advice goes out without similar cases", error=str(error))
            return [event.model_copy(update={"degraded": (*event.degraded, "similarity")}) for event in fresh]
        wanted = {UUID(match.id) for matches in found for match in matches}
        async with self._work.begin(tenant_id) as tx:
            cases = await store.cases(tx.connection, wanted)
        return [
            event.model_copy(
                update={
                    "similar": tuple(
                        _case(UUID(match.id), match.score, cases[UUID(match.id)])
                        for match in matches
                        if match.score >= _NEAR_ENOUGH and UUID(match.id) in cases
                    )
                }
            )
            for event, matches in zip(fresh, found, strict=True)
        ]

    async def remember(self, items: Sequence[WorkItem]) -> None:
        """Make ended advice searchable; while the search is down the work waits and is tried again.

        A tenant's together, since a model elsewhere answers request by request; and where it does not answer, each by
        itself, lest one text keep the others back, or that there are so many.
        """
        by_tenant: dict[UUID, list[WorkItem]] = {}
        for item in items:
            by_tenant.setdefault(item.tenant_id, []).append(item)
        left = deque(_shuffled(by_tenant.values()))
        in_vain, undone, reason = 0, 0, ""
        while left and in_vain < _AWAY:
            ended = left.popleft()
            try:
                await self._remember(ended)
                in_vain = 0
            except VectorsUnavailable as error:
                in_vain, reason = in_vain + 1, str(error)
                if len(ended) > 1:
                    left.extendleft([item] for item in _shuffled(ended))
                else:
                    undone += 1
        if left or undone:
            # Away, not wrong: as such the work does not count its tries and waits for as long as it takes.
            raise ConnectionError(reason)

    async def _remember(self, ended: Sequence[WorkItem]) -> None:
        """Make ended advice of one tenant searchable; raises ``VectorsUnavailable``."""
        tenant_id = ended[0].tenant_id
        async with self._work.begin(tenant_id) as tx:
            known = await store.cases(tx.connection, [UUID(item.key) for item in ended])
        await self._vectors.upsert(await self._points(tenant_id, known))
        async with self._work.begin(tenant_id) as tx:
            await CASES.finish(tx.connection, ended)

    async def _points(self, tenant_id: UUID, known: Mapping[UUID, store.Case]) -> list[Point]:
        if not known:
            return []
        events = [RecommendationIssued.model_validate(case.event) for case in known.values()]
        vectors = await self._embedder.embed([_text(event) for event in events])
        points = []
        for (recommendation_id, case), event, vector in zip(known.items(), events, vectors, strict=True):
            payload = {"action": event.action.value, "segment": event.segment}
            points.append(Point(str(tenant_id), KIND, str(recommendation_id), case.version, vector, payload))
        return points


def _shuffled(several: Collection[_T]) -> list[_T]:
    """Put in another order each time, so that those which never work are not always the first."""
    return random.sample(list(several), len(several))


def _text(event: RecommendationIssued) -> str:
    return f"{event.action.value} {event.label}. {event.reason}"


def _case(recommendation_id: UUID, score: float, case: store.Case) -> SimilarCase:
    event = case.event
    summary = f"{event['action']} {event['label']}: {event['reason']}"
    return SimilarCase(
        recommendation_id=recommendation_id,
        similarity=round(score, 3),
        summary=summary[:300],
        outcome=case.outcome,
    )
