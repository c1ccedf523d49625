"""What the pages show of advice, however its issue and its end come: together, apart, late, again."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from services.gateway.store.projections import project_answers, project_recommendations
from services.recommend.translate.advice import closed
from shared.events import (
    Action,
    AdviceStatus,
    Alternative,
    Decision,
    Evidence,
    RecommendationAnswered,
    RecommendationIssued,
)
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

ISSUED_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
async def work(migrated: str) -> AsyncIterator[UnitOfWork]:
    pool = await create_pool("gateway", PostgresSettings(dsn=migrated))
    yield UnitOfWork(pool, "gateway")
    await pool.close()


def advice(tenant: UUID) -> RecommendationIssued:
    return RecommendationIssued(
        event_id=uuid4(), occurred_at=ISSUED_AT, tenant_id=tenant, dealer_id=uuid4(), recommendation_id=uuid4(),
        action=Action.REPRICE, status=AdviceStatus.ISSUED, segment="used/a/one", label="A One", vehicle_key="V",
        currency="USD", value=Decimal(500), value_per_day=Decimal(9), confidence=0.6, reason="It stands too dear.",
        expires_at=ISSUED_AT + timedelta(days=7), policy_version=0,
        evidence=(Evidence(name="Store", value="North", source="inventory", as_of=date(2026, 3, 2)),),
        alternatives=(Alternative(action=Action.HOLD, value=Decimal(0), value_per_day=Decimal(0), detail="wait"),),
    )  # fmt: skip


def ended(issue: RecommendationIssued, status: AdviceStatus, because: str, after: timedelta) -> RecommendationIssued:
    return closed(issue.model_dump(mode="json"), status, because, ISSUED_AT + after)


async def shown(work: UnitOfWork, tenant: UUID, batches: Sequence[Sequence[RecommendationIssued]]) -> dict[str, Any]:
    for batch in batches:
        async with work.begin(tenant) as tx:
            await project_recommendations(tx.connection, batch)
    async with work.begin(tenant) as tx:
        [row] = await tx.connection.fetch("SELECT status, issued_at, document FROM recommendation")
    return dict(row)


@pytest.mark.parametrize(
    "earlier", [timedelta(0), timedelta(minutes=-10)], ids=["clocks agree", "its clock is behind"]
)
async def test_an_end_takes_nothing_from_what_was_said_of_advice(work: UnitOfWork, earlier: timedelta) -> None:
    """One batch has both where the gateway was away, or behind; an end comes first where its issue was parked."""
    for order in permutations(range(3)):
        for split in range(4):
            tenant = uuid4()
            issue = advice(tenant)
            end = ended(issue, AdviceStatus.SUPERSEDED, "the ask changed", timedelta(seconds=11) + earlier)
            events = [[issue, end, issue][place] for place in order]
            seen = await shown(work, tenant, [batch for batch in (events[:split], events[split:]) if batch])
            wanted = issue.model_copy(update={"status": end.status, "closed_because": end.closed_because})
            assert RecommendationIssued.model_validate(seen["document"]) == wanted, (order, split)
            assert (seen["status"], seen["issued_at"]) == ("superseded", ISSUED_AT), (order, split)


async def test_what_ended_first_stays_ended_so(work: UnitOfWork) -> None:
    for split in range(4):
        tenant = uuid4()
        issue = advice(tenant)
        first = ended(issue, AdviceStatus.EXPIRED, "its time is over", timedelta(days=7))
        second = ended(issue, AdviceStatus.SUPERSEDED, "the ask changed", timedelta(days=8))
        events = [first, second, issue]
        seen = await shown(work, tenant, [batch for batch in (events[:split], events[split:]) if batch])
        assert (seen["status"], seen["document"]["closed_because"]) == ("expired", "its time is over")
        assert seen["document"]["evidence"], "said when it was issued"


async def test_advice_that_is_told_anew_once_it_ended_says_all_that_its_issue_said(work: UnitOfWork) -> None:
    """As `doso rebuild read-model` tells it: with how it stands now. An end may have come in before."""
    for first in ([], [AdviceStatus.ISSUED], [AdviceStatus.EXPIRED], [AdviceStatus.EXPIRED, AdviceStatus.ISSUED]):
        tenant = uuid4()
        issue = advice(tenant)
        end = ended(issue, AdviceStatus.EXPIRED, "its time is over", timedelta(days=7))
        anew = issue.model_copy(update={"status": end.status, "closed_because": end.closed_because})
        seen = await shown(work, tenant, [[issue if status is issue.status else end] for status in first] + [[anew]])
        assert RecommendationIssued.model_validate(seen["document"]) == anew, first
        assert (seen["status"], seen["issued_at"]) == ("expired", ISSUED_AT), first


async def test_groups_that_name_the_same_advice_are_kept_apart(work: UnitOfWork) -> None:
    one, other = uuid4(), uuid4()
    ours = advice(one)
    theirs = ended(ours, AdviceStatus.WITHDRAWN, "forged", timedelta(0)).model_copy(update={"tenant_id": other})
    async with work.begin(one, other) as tx:
        await project_recommendations(tx.connection, [ours, theirs])
    async with work.begin(one) as tx:
        [row] = await tx.connection.fetch("SELECT status, document FROM recommendation")
    assert row["status"] == "issued"
    assert RecommendationIssued.model_validate(row["document"]) == ours


async def test_an_answer_waits_for_advice_that_is_being_made_anew(work: UnitOfWork) -> None:
    """As `doso rebuild read-model` does it: a row is locked, taken out and written again."""
    tenant = uuid4()
    issue = advice(tenant)
    await shown(work, tenant, [[issue]])
    answer = RecommendationAnswered(
        event_id=uuid4(), occurred_at=ISSUED_AT, tenant_id=tenant, dealer_id=issue.dealer_id,
        recommendation_id=issue.recommendation_id, decision=Decision.ACCEPTED, user_id=uuid4(),
    )  # fmt: skip

    async def answered() -> None:
        async with work.begin(tenant) as tx:
            waiting.set_result(await tx.connection.fetchval("SELECT pg_backend_pid()"))
            await project_answers(tx.connection, [answer])

    waiting: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with work.begin(tenant) as tx:
        await tx.connection.execute("SELECT 1 FROM recommendation FOR UPDATE")
        task = asyncio.create_task(answered())
        pid = await waiting
        while not await tx.connection.fetchval("SELECT cardinality(pg_blocking_pids($1)) > 0", pid):
            assert not task.done(), "it did not wait"
        await tx.connection.execute("DELETE FROM recommendation")
        await project_recommendations(tx.connection, [issue])
    await task
    async with work.begin(tenant) as tx:
        assert await tx.connection.fetchval("SELECT answer->>'decision' FROM recommendation") == "accepted"


async def test_what_stands_is_told_once(work: UnitOfWork) -> None:
    tenant = uuid4()
    issue = advice(tenant)
    await shown(work, tenant, [[issue], [issue], [issue, ended(issue, AdviceStatus.EXPIRED, "", timedelta(days=7))]])
    async with work.begin(tenant) as tx:
        told = await tx.connection.fetch("SELECT kind FROM live_event ORDER BY seq")
    assert [row["kind"] for row in told] == ["recommendation.issued", "recommendation.expired"]


async def test_advice_that_is_held_out_is_not_shown(work: UnitOfWork) -> None:
    tenant = uuid4()
    held = advice(tenant).model_copy(update={"held_out": True})
    seen = advice(tenant)
    row = await shown(work, tenant, [[held, seen, ended(held, AdviceStatus.EXPIRED, "", timedelta(days=7))]])
    assert row["document"]["recommendation_id"] == str(seen.recommendation_id)
