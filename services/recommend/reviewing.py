"""The review worker: a tenant's book in, the changes to its advice out."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from services.recommend import store
from services.recommend.domain import Changes, Review, TenantBook, reconcile, review
from services.recommend.handlers import REVIEWS, WHOLE_TENANT
from services.recommend.pacing import Pacing
from services.recommend.similar import SimilarCases
from services.recommend.store import GROSS_DAYS
from services.recommend.translate import book_of, closed, issued, standing_of
from shared.events import AdviceStatus, RecommendationIssued
from shared.messaging import ComputePool, UnitOfWork
from shared.postgres import WorkItem

_CALENDAR_SECONDS = 300.0
_log = structlog.stdlib.get_logger("doso.review", service="recommend")


def review_book(book: TenantBook, as_of: date) -> Review:
    """Compute a tenant's advice; runs in a worker process."""
    return review(book, as_of)


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
                await REVIEWS.mark(tx.connection, [(tenant, WHOLE_TENANT, "") for tenant in tenants])
            await asyncio.sleep(_CALENDAR_SECONDS)

    async def _one(self, item: WorkItem) -> None:
        now = datetime.now(UTC)
        book = await self._book(item.tenant_id, now.date())
        book = await self._pacing.attach(item.tenant_id, book, now.date())
        result = await self._pool.run(review_book, book, now.date())
        async with self._work.begin(item.tenant_id) as tx:
            before = {event["recommendation_id"]: event for event in await store.standing(tx.connection)}
        changes = reconcile([standing_of(event) for event in before.values()], result.advice, now, units=book.units)
        fresh = await self._similar.attach(_issues(item.tenant_id, changes, now))
        async with self._work.begin(item.tenant_id) as tx:
            standing = {event["recommendation_id"] for event in await store.standing(tx.connection)}
            if standing != before.keys():
                # Another replica took this tenant for abandoned and was faster: it is reviewed again.
                await REVIEWS.mark(tx.connection, [(item.tenant_id, item.dealer_id, item.key)])
                await REVIEWS.finish(tx.connection, [item])
                _log.warning("advice changed during a review; reviewing again", tenant_id=str(item.tenant_id))
                return
            published = [*_closings(changes, before, now), *fresh]
            for event in published:
                tx.emit(event)
            await store.save_advice(tx.connection, published)
            await store.reviewed(tx.connection, item.tenant_id, now.date())
            await REVIEWS.finish(tx.connection, [item])
        _log.info(
            "reviewed",
            tenant_id=str(item.tenant_id),
            units=len(book.units),
            advice=len(result.advice),
            issued=len(fresh),
            closed=len(published) - len(fresh),
            skipped=len(result.skipped),
        )

    async def _book(self, tenant_id: UUID, as_of: date) -> TenantBook:
        async with self._work.begin(tenant_id) as tx:
            connection = tx.connection
            return book_of(
                tenant_id,
                await store.rooftops(connection),
                await store.units(connection),
                await store.documents(connection, "market"),
                await store.documents(connection, "demand"),
                await store.grosses(connection, as_of - timedelta(days=GROSS_DAYS)),
                as_of,
                rules=await store.rules(connection),
                new_sales=await store.new_sales(connection, as_of - timedelta(days=GROSS_DAYS)),
            )


def _issues(tenant_id: UUID, changes: Changes, now: datetime) -> list[RecommendationIssued]:
    superseding = [
        issued(tenant_id, each.advice, now, UUID(each.standing.recommendation_id)) for each in changes.supersede
    ]
    return superseding + [issued(tenant_id, advice, now, None) for advice in changes.issue]


def _closings(changes: Changes, before: dict[str, dict[str, Any]], now: datetime) -> list[RecommendationIssued]:
    ends = [
        *((each.standing, AdviceStatus.SUPERSEDED, "replaced by newer advice") for each in changes.supersede),
        *((each.standing, AdviceStatus.WITHDRAWN, each.because) for each in changes.withdraw),
        *((each.standing, AdviceStatus.EXPIRED, each.because) for each in changes.expire),
    ]
    return [closed(before[standing.recommendation_id], status, why, now) for standing, status, why in ends]
