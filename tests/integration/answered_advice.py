"""Advice, answers to it and vehicles beside it on recommend's real database, for tests of what answers do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from services.recommend import store
from services.recommend.handlers import on_recommendation_answered
from services.recommend.translate import answer_of
from shared.events import Decision, RecommendationAnswered, RecommendationIssued
from shared.events import __file__ as events_file
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from uuid import UUID

    from services.recommend.domain import Answer

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
EXAMPLE = Path(events_file).parent / "examples" / "recommendation-issued" / "v1" / "cut-price.json"


@pytest.fixture
async def work(migrated: str) -> AsyncIterator[UnitOfWork]:
    pool = await create_pool("recommend", PostgresSettings(dsn=migrated))
    yield UnitOfWork(pool, "recommend")
    await pool.close()


def advice(tenant: UUID, **changes: Any) -> RecommendationIssued:
    one = RecommendationIssued.model_validate_json(EXAMPLE.read_bytes())
    own = {"tenant_id": tenant, "recommendation_id": uuid4(), "event_id": uuid4(), "dealer_id": uuid4()}
    return one.model_copy(update=own | changes)


def answered(
    to: RecommendationIssued, decision: Decision, *, after: float = 0, **told: Any
) -> RecommendationAnswered:
    return RecommendationAnswered(
        event_id=uuid4(), occurred_at=NOW + timedelta(hours=after), tenant_id=to.tenant_id, dealer_id=to.dealer_id,
        recommendation_id=to.recommendation_id, decision=decision, user_id=uuid4(), **told,
    )  # fmt: skip


async def take_in(work: UnitOfWork, tenant: UUID, *events: RecommendationAnswered) -> None:
    async with work.begin(tenant) as tx:
        await on_recommendation_answered(events, tx)


async def read(work: UnitOfWork, tenant: UUID, since: datetime = NOW) -> Sequence[Answer]:
    async with work.begin(tenant) as tx:
        await store.count_arrived(tx.connection, since.date())
        return [answer_of(text) for text in await store.answered_since(tx.connection, since)]


async def stand(
    work: UnitOfWork, at: RecommendationIssued, status: str, *told: dict[str, Any], quantity: int = 1
) -> None:
    async with work.begin(at.tenant_id) as tx:
        for each in told:
            row = {
                "tenant_id": at.tenant_id, "dealer_id": at.dealer_id, "vehicle_key": uuid4().hex, "version": 1,
                "status": status, "segment": at.segment, "label": "", "quantity": quantity, "price_history": [], **each,
            }  # fmt: skip
            names = ", ".join(row)
            places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
            await tx.connection.execute(f"INSERT INTO unit ({names}) VALUES ({places})", *row.values())
