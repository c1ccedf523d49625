"""Ended advice becomes searchable: together where it can, and one by one where a text is refused."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry

from services.recommend import store
from services.recommend.handlers import on_outcome_recorded
from services.recommend.similar import CASES, SimilarCases
from shared.events import OutcomeKind, OutcomeRecorded, RecommendationIssued
from shared.events import __file__ as events_file
from shared.messaging import UnitOfWork, Worker
from shared.messaging.ending import end
from shared.observability.metrics import make_metrics
from shared.postgres import PostgresSettings, create_pool
from shared.vectors import EmbeddingUnavailable, VectorsError, VectorSettings, open_vectors
from shared.vectors.hashing import HashingEmbedder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from uuid import UUID

    from shared.vectors import VectorStore

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TENANT, OTHER = uuid4(), uuid4()
ENDED = 5
SOON_SECONDS = 120.0


class Model(HashingEmbedder):
    """A model that keeps how many texts it is asked for at a time, may be away or slow, and fails as texts say."""

    def __init__(self, most: int = 1_000) -> None:
        super().__init__()
        self.asked: list[int] = []
        self.away = False
        self.most = most

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.asked.append(len(texts))
        if self.away or len(texts) > self.most or any("break me" in text for text in texts):
            raise EmbeddingUnavailable("nobody answers")
        if any("refuse me" in text for text in texts):
            raise VectorsError("a text was refused")
        return await super().embed(texts)


def advice(tenant: UUID, reason: str) -> RecommendationIssued:
    example = Path(events_file).parent / "examples" / "recommendation-issued" / "v1" / "cut-price.json"
    one = RecommendationIssued.model_validate_json(example.read_bytes())
    own = {"tenant_id": tenant, "recommendation_id": uuid4(), "event_id": uuid4(), "reason": reason}
    return one.model_copy(update=own)


async def end_advice(work: UnitOfWork, tenant: UUID, *reasons: str) -> None:
    events = [advice(tenant, reason) for reason in reasons]
    async with work.begin(tenant) as tx:
        await store.save_advice(tx.connection, events)
        for event in events:
            assert await store.save_outcome(tx.connection, tenant, event.recommendation_id, "sold after 9 days", NOW)
        await CASES.mark(tx.connection, [(tenant, e.dealer_id, str(e.recommendation_id)) for e in events])


@pytest.fixture
async def work(migrated: str) -> AsyncIterator[UnitOfWork]:
    pool = await create_pool("recommend", PostgresSettings(dsn=migrated))
    yield UnitOfWork(pool, "recommend")
    await pool.close()


@pytest.fixture
async def vectors(tmp_path: Path) -> AsyncIterator[VectorStore]:
    opened = await open_vectors(VectorSettings(vectors_path=tmp_path / "vectors"), HashingEmbedder())
    yield opened
    await opened.close()


@asynccontextmanager
async def remembering(work: UnitOfWork, similar: SimilarCases) -> AsyncIterator[None]:
    metrics = make_metrics("recommend", CollectorRegistry())
    task = asyncio.create_task(Worker("recommend", CASES, work, similar.remember, metrics=metrics).run())
    try:
        yield
    finally:
        await end(task)


async def test_an_older_outcome_that_comes_late_does_not_take_the_newer_ones_place(work: UnitOfWork) -> None:
    """It was parked and replayed, or lay in a partition that was read later."""
    for split in range(3):
        tenant = uuid4()
        event = advice(tenant, "too dear")
        sale, undone = (
            ended(event, OutcomeKind.SOLD, NOW),
            ended(event, OutcomeKind.REVERSED, NOW + timedelta(days=1)),
        )
        late = [undone, sale]
        async with work.begin(tenant) as tx:
            await store.save_advice(tx.connection, [event])
        for batch in (late[:split], late[split:]):
            async with work.begin(tenant) as tx:
                await on_outcome_recorded(batch, tx)
        async with work.begin(tenant) as tx:
            case = (await store.cases(tx.connection, [event.recommendation_id]))[event.recommendation_id]
        assert (case.outcome, case.version) == (SimilarCases.ending(undone), 1)


def ended(advice: RecommendationIssued, kind: OutcomeKind, at: datetime) -> OutcomeRecorded:
    return OutcomeRecorded(
        event_id=uuid4(), occurred_at=at, tenant_id=advice.tenant_id, dealer_id=advice.dealer_id, outcome_id=uuid4(),
        recommendation_id=advice.recommendation_id, action=advice.action, segment=advice.segment, kind=kind, days=9,
        currency="USD", expected_value=Decimal(300), policy_version=0,
    )  # fmt: skip


async def test_a_model_is_asked_once_for_all_of_a_tenant_that_ended(work: UnitOfWork, vectors: VectorStore) -> None:
    model = Model()
    for tenant in (TENANT, OTHER):
        await end_advice(work, tenant, *map(str, range(ENDED)))
    await SimilarCases(work, vectors, model).remember(await CASES.claim(work.pool, limit=100))
    assert model.asked == [ENDED, ENDED]
    assert [await vectors.count(str(tenant)) for tenant in (TENANT, OTHER)] == [ENDED, ENDED]
    assert await work.pool.fetchval("SELECT count(*) FROM work") == 0


async def test_a_text_that_is_refused_keeps_no_other_back(work: UnitOfWork, vectors: VectorStore) -> None:
    await end_advice(work, TENANT, "one", "two", "refuse me", "three")
    async with remembering(work, SimilarCases(work, vectors, Model())), asyncio.timeout(SOON_SECONDS):
        while [row["attempts"] > 0 for row in await work.pool.fetch("SELECT attempts FROM work")] != [True]:
            await asyncio.sleep(0.05)
    assert "refused" in await work.pool.fetchval("SELECT error FROM work")
    assert await vectors.count(str(TENANT)) == 3


async def test_a_model_that_is_away_costs_no_tries(work: UnitOfWork, vectors: VectorStore) -> None:
    model = Model()
    model.away = True
    await end_advice(work, TENANT, "one", "two")
    async with remembering(work, SimilarCases(work, vectors, model)), asyncio.timeout(SOON_SECONDS):
        while not await work.pool.fetchval("SELECT count(*) FROM work WHERE error IS NOT NULL"):
            await asyncio.sleep(0.05)
        assert await work.pool.fetchval("SELECT max(attempts) FROM work") == 0
        model.away = False
        while await work.pool.fetchval("SELECT count(*) FROM work"):
            await asyncio.sleep(0.05)
    assert await vectors.count(str(TENANT)) == 2


async def test_a_model_that_is_away_is_not_asked_for_each(work: UnitOfWork, vectors: VectorStore) -> None:
    model = Model()
    model.away = True
    for tenant in (TENANT, OTHER):
        await end_advice(work, tenant, *map(str, range(ENDED)))
    with pytest.raises(ConnectionError, match="nobody answers"):
        await SimilarCases(work, vectors, model).remember(await CASES.claim(work.pool, limit=100))
    assert model.asked == [ENDED, 1, 1]


async def test_a_model_that_is_too_slow_for_many_is_asked_for_each(work: UnitOfWork, vectors: VectorStore) -> None:
    for tenant in (TENANT, OTHER):
        await end_advice(work, tenant, *map(str, range(ENDED)))
    await SimilarCases(work, vectors, Model(most=1)).remember(await CASES.claim(work.pool, limit=100))
    assert [await vectors.count(str(tenant)) for tenant in (TENANT, OTHER)] == [ENDED, ENDED]
    assert await work.pool.fetchval("SELECT count(*) FROM work") == 0


async def test_a_text_that_breaks_the_model_keeps_no_other_back(work: UnitOfWork, vectors: VectorStore) -> None:
    await end_advice(work, TENANT, "one", "break me", "three")
    await end_advice(work, OTHER, "four")
    with pytest.raises(ConnectionError, match="nobody answers"):
        await SimilarCases(work, vectors, Model()).remember(await CASES.claim(work.pool, limit=100))
    assert [await vectors.count(str(tenant)) for tenant in (TENANT, OTHER)] == [2, 1]
    assert await work.pool.fetchval("SELECT count(*) FROM work") == 1
