"""Similar cases are found again after the vector store's folder was lost, by the rebuild and the service's worker."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from prometheus_client import CollectorRegistry

from doso.rebuild.connections import connected
from doso.rebuild.running import rebuild
from doso.rebuild.step import RebuildError
from doso.rebuild.working_off import EMBEDDED, Cases, WorkedOff
from services.recommend import store
from services.recommend.similar import CASES, SimilarCases
from shared.events import RecommendationIssued
from shared.events import __file__ as events_file
from shared.messaging import UnitOfWork, Worker
from shared.observability.metrics import make_metrics
from shared.postgres import PostgresSettings, create_pool
from shared.vectors import VectorSettings, open_vectors
from shared.vectors.hashing import HashingEmbedder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TENANT, OTHER = uuid4(), uuid4()
ENDED = 7


def advice(tenant: UUID) -> RecommendationIssued:
    example = Path(events_file).parent / "examples" / "recommendation-issued" / "v1" / "cut-price.json"
    one = RecommendationIssued.model_validate_json(example.read_bytes())
    return one.model_copy(update={"tenant_id": tenant, "recommendation_id": uuid4(), "event_id": uuid4()})


@pytest.fixture
async def work(migrated: str) -> AsyncIterator[UnitOfWork]:
    pool = await create_pool("recommend", PostgresSettings(dsn=migrated))
    unit_of_work = UnitOfWork(pool, "recommend")
    for tenant in (TENANT, OTHER):
        events = [advice(tenant) for _ in range(ENDED + 2)]
        async with unit_of_work.begin(tenant) as tx:
            await store.save_advice(tx.connection, events)
            for event in events[:ENDED]:
                await store.save_outcome(tx.connection, tenant, event.recommendation_id, "sold after 9 days", NOW)
    yield unit_of_work
    await pool.close()


@asynccontextmanager
async def serving(work: UnitOfWork, folder: Path) -> AsyncIterator[SimilarCases]:
    """Run the part of recommend that remembers cases."""
    embedder = HashingEmbedder()
    vectors = await open_vectors(VectorSettings(vectors_path=folder), embedder)
    similar = SimilarCases(work, vectors, embedder)
    metrics = make_metrics("recommend", CollectorRegistry())
    task = asyncio.create_task(Worker("recommend", CASES, work, similar.remember, metrics=metrics).run())
    try:
        yield similar
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await vectors.close()


async def similar_to(similar: SimilarCases, tenant: UUID) -> int:
    [event] = await similar.attach([advice(tenant).model_copy(update={"similar": ()})])
    return len(event.similar)


async def test_a_lost_folder_is_filled_again_for_the_tenants_named(
    work: UnitOfWork, migrated: str, tmp_path: Path
) -> None:
    folder = tmp_path / "vectors"
    steps = (Cases(rows=3), WorkedOff("recommend", CASES.queue))
    async with serving(work, folder), connected(migrated) as connections:
        await rebuild(connections, "vectors", [TENANT, OTHER], by="pat", steps=steps)
    shutil.rmtree(folder)
    async with serving(work, folder) as similar:
        assert await similar_to(similar, TENANT) == 0
        async with connected(migrated) as connections:
            outcome = await rebuild(connections, "vectors", [TENANT], by="pat", steps=steps)
        assert outcome.counts["cases"]["checked"] == ENDED
        assert await similar_to(similar, TENANT) > 0
        assert await similar_to(similar, OTHER) == 0


async def test_without_the_service_it_says_so_and_later_goes_on(
    work: UnitOfWork, migrated: str, tmp_path: Path
) -> None:
    async with connected(migrated) as connections:
        impatient = (Cases(), WorkedOff("recommend", CASES.queue, patience=0.0))
        with pytest.raises(RebuildError, match=f"{ENDED} pieces of work wait for the service recommend"):
            await rebuild(connections, "vectors", [TENANT], by="pat", steps=impatient)
    async with serving(work, tmp_path / "vectors") as similar:
        async with connected(migrated) as connections:
            outcome = await rebuild(connections, "vectors", [TENANT], by="pat")
        assert outcome.continued == 1
        assert await similar_to(similar, TENANT) > 0


async def test_what_the_service_had_given_up_is_tried_anew_before_it_counts_as_failed(
    work: UnitOfWork, migrated: str, tmp_path: Path
) -> None:
    async with connected(migrated) as connections:
        recommend = await connections.of("recommend")
        await rebuild(connections, "vectors", [TENANT], by="pat", steps=(Cases(),))
        given_up = "UPDATE work SET attempts = 5, error = 'no room', due_at = now() + interval '1 hour'"
        await recommend.execute(given_up)
        with pytest.raises(RebuildError, match=rf"gave up {ENDED} pieces of work \(no room\)"):
            await rebuild(connections, "vectors", [TENANT], by="pat", steps=(EMBEDDED,), restart=True)
        async with serving(work, tmp_path / "vectors") as similar:
            anew = asyncio.create_task(rebuild(connections, "vectors", [TENANT], by="pat", restart=True))
            await in_a_minute(migrated)
            await anew
            assert await similar_to(similar, TENANT) > 0


async def in_a_minute(dsn: str) -> None:
    """Let the minute pass after which what was marked is tried."""
    async with connected(dsn) as connections, asyncio.timeout(60):
        recommend = await connections.of("recommend")
        passing = "UPDATE work SET due_at = now() WHERE due_at <= now() + interval '1 minute'"
        while await recommend.execute(passing) != f"UPDATE {ENDED}":
            await asyncio.sleep(0.05)


async def test_two_at_once_do_not_get_in_each_others_way(work: UnitOfWork, migrated: str) -> None:
    async with connected(migrated) as connections, connected(migrated) as others:
        await rebuild(connections, "vectors", [TENANT], by="pat", steps=())
        with pytest.raises(RebuildError, match="rebuilt by somebody else right now"):
            await rebuild(others, "vectors", [TENANT], by="sam", steps=())
