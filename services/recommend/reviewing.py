"""The review worker: a tenant's book in, the changes to its advice out."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import structlog

from services.recommend import store
from services.recommend.computing import Material, Reviewed, review_tenant
from services.recommend.handlers import REVIEWS, WHOLE_TENANT
from services.recommend.pacing import Pacing
from services.recommend.similar import SimilarCases
from services.recommend.store import GROSS_DAYS
from shared.events import RecommendationIssued
from shared.messaging import ComputePool, Transaction, UnitOfWork
from shared.postgres import WorkItem

_CALENDAR_SECONDS = 300.0
_REMEMBERED = timedelta(days=180)
"""For how long an answer is told with the same call made anew."""
_AT_ONCE = 25
"""Pieces of advice read, stored and queued without letting anything else run."""
_log = structlog.stdlib.get_logger("doso.review", service="recommend")


class Reviewer:
    """Works off tenants whose book changed."""

    def __init__(self, work: UnitOfWork, pool: ComputePool, similar: SimilarCases, pacing: Pacing) -> None:
        self._work = work
        self._pool = pool
        self._pacing = pacing
        self._similar = similar

    async def compute(self, items: Sequence[WorkItem]) -> None:
        """Review tenants, each as one."""
        for item in items:
            await self._one(item)

    async def follow_calendar(self) -> None:
        """Have every tenant reviewed when a day has passed: ages grow and advice expires without any event."""
        while True:
            async with self._work.begin() as tx:
                tenants = await store.tenants_to_review(tx.connection)
                await REVIEWS.mark_missing(tx.connection, [(tenant, WHOLE_TENANT, "") for tenant in tenants])
            await asyncio.sleep(_CALENDAR_SECONDS)

    async def _one(self, item: WorkItem) -> None:
        now = datetime.now(UTC)
        async with self._work.begin(item.tenant_id) as tx:
            before = await store.standing(tx.connection)
        material = await self._material(item.tenant_id, now.date())
        learned = await self._pacing.learned(material)
        stood = [each.event for each in before.values()]
        result = await self._pool.run(review_tenant, material, learned, stood, now)
        # As text again: thousands of events held at once are what a collector of garbage stops everything for.
        fresh = [
            event.model_dump_json().encode()
            for texts in _batches(result.issued)
            for event in await self._similar.attach(await _read(texts))
        ]
        async with self._work.begin(item.tenant_id) as tx:
            now_standing = await store.lock_standing(tx.connection)
            answered = {key for key, each in before.items() if now_standing.get(key) != each.answered_at}
            if now_standing.keys() != before.keys() or answered & result.ended:
                # Another replica took this tenant for abandoned, or what is to be closed was answered meanwhile.
                await REVIEWS.mark(tx.connection, [(item.tenant_id, item.dealer_id, item.key)])
                await REVIEWS.finish(tx.connection, [item])
                _log.warning("advice changed during a review; reviewing again", tenant_id=str(item.tenant_id))
                return
            for texts in _batches([*result.closed, *fresh]):
                await _publish(tx, await _read(texts))
            await store.reviewed(tx.connection, item.tenant_id, now.date())
            await REVIEWS.finish(tx.connection, [item])
        _tell(item.tenant_id, result)

    async def _material(self, tenant_id: UUID, as_of: date) -> Material:
        since = as_of - timedelta(days=GROSS_DAYS)
        async with self._work.begin(tenant_id) as tx:
            connection = tx.connection
            await store.count_arrived(connection, as_of - _REMEMBERED)
            return Material(
                tenant_id=tenant_id,
                as_of=as_of,
                rooftops=await store.rooftops(connection),
                units=await store.units(connection),
                markets=await store.documents(connection, "market"),
                demands=await store.documents(connection, "demand"),
                grosses=await store.grosses(connection, since),
                rules=await store.rules(connection),
                new_sales=await store.new_sales(connection, since),
                answers=await store.answered_since(connection, datetime.now(UTC) - _REMEMBERED),
            )


async def _read(texts: Iterable[bytes]) -> list[RecommendationIssued]:
    await asyncio.sleep(0)
    return [RecommendationIssued.model_validate_json(text) for text in texts]


async def _publish(tx: Transaction, events: Sequence[RecommendationIssued]) -> None:
    for event in events:
        tx.emit(event)
    await store.save_advice(tx.connection, events)
    await tx.flush()


def _batches(texts: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (texts[start : start + _AT_ONCE] for start in range(0, len(texts), _AT_ONCE))


def _tell(tenant_id: UUID, result: Reviewed) -> None:
    _log.info(
        "reviewed",
        tenant_id=str(tenant_id),
        units=result.units,
        advice=result.advice,
        issued=len(result.issued),
        closed=len(result.closed),
        skipped=result.skipped,
    )
