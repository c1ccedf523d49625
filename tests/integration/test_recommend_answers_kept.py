"""Answers reach recommend: kept beside the advice, and read for the next review."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from services.recommend import store
from services.recommend.domain import Action
from services.recommend.handlers import REVIEWS, on_recommendation_answered
from services.recommend.translate import answer_of
from shared.events import AdviceStatus, Decision, RecommendationAnswered, RecommendationIssued
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


async def test_the_newest_answer_to_advice_is_kept(work: UnitOfWork) -> None:
    cut = advice(tenant := uuid4())
    async with work.begin(tenant) as tx:
        await store.save_advice(tx.connection, [cut])
    no = answered(cut, Decision.DECLINED, after=2, reason="Wait for the weekend")
    await take_in(work, tenant, no, answered(cut, Decision.ACCEPTED, after=1))
    await take_in(work, tenant, answered(cut, Decision.ACCEPTED), answered(advice(tenant), Decision.ACCEPTED))
    (kept,) = await read(work, tenant)
    assert kept.identity == (str(cut.dealer_id), Action.REPRICE, cut.vehicle_key, "")
    assert (kept.declined, kept.decision, kept.reason) == (True, "declined", "Wait for the weekend")
    assert (kept.answered_at, kept.value, kept.done) == (no.occurred_at, float(cut.value), False)
    assert await read(work, tenant, no.occurred_at + timedelta(seconds=1)) == []
    assert await read(work, uuid4()) == []
    marked = await work.pool.fetchval("SELECT count(*) FROM work WHERE queue = 'review' AND tenant_id = $1", tenant)
    assert (REVIEWS.queue, marked) == ("review", 1)


@pytest.mark.parametrize(
    ("because", "done"), [("done: its price is there", True), ("no longer worth it", False), (None, False)]
)
async def test_an_end_of_advice_leaves_its_answer(work: UnitOfWork, because: str | None, *, done: bool) -> None:
    cut = advice(tenant := uuid4())
    async with work.begin(tenant) as tx:
        await store.save_advice(tx.connection, [cut])
    await take_in(work, tenant, answered(cut, Decision.ACCEPTED))
    end = {"status": AdviceStatus.WITHDRAWN if because else AdviceStatus.EXPIRED, "closed_because": because}
    async with work.begin(tenant) as tx:
        await store.save_advice(tx.connection, [cut.model_copy(update=end)])
    (kept,) = await read(work, tenant)
    assert (kept.declined, kept.done) == (False, done)


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


async def test_a_purchase_knows_what_its_shelf_had_and_what_has_come_since(work: UnitOfWork) -> None:
    tenant, today = uuid4(), NOW.date()
    buy = advice(tenant, action="acquire", vehicle_key=None, segment="used/toyota/camry", quantity=3, price=None)
    elsewhere, rav4 = {"dealer_id": uuid4()}, {"segment": "used/toyota/rav4"}
    day, tomorrow = {"stock_date": today}, {"stock_date": today + timedelta(days=1)}
    async with work.begin(tenant) as tx:
        await store.save_advice(tx.connection, [buy])
    await stand(work, buy, "on_order", {}, rav4, elsewhere, quantity=2)
    await stand(work, buy, "in_stock", day)
    await take_in(work, tenant, answered(buy, Decision.MODIFIED, quantity=2))
    (kept,) = await read(work, tenant)
    assert (kept.quantity, kept.inbound, kept.arrived, kept.label) == (2, 2, 0, buy.label)
    await stand(work, buy, "on_order", {}, quantity=5)
    await stand(work, buy, "in_stock", day, {**tomorrow, **rav4}, {**day, **elsewhere})
    await stand(work, buy, "in_stock", {**tomorrow, "group_stock_date": today - timedelta(days=40)})
    await stand(work, buy, "sold", {**tomorrow, "exit_date": today + timedelta(days=3)})
    (kept,) = await read(work, tenant)
    assert (kept.inbound, kept.arrived) == (2, 2)
    async with work.begin(tenant) as tx:
        await tx.connection.execute("UPDATE unit SET dealer_id = $1", elsewhere["dealer_id"])
    await take_in(work, tenant, answered(buy, Decision.ACCEPTED, after=1))
    (kept,) = await read(work, tenant)
    assert (kept.quantity, kept.inbound, kept.arrived) == (3, 2, 2)
    await take_in(work, tenant, answered(buy, Decision.DECLINED, after=2))
    (kept,) = await read(work, tenant)
    assert (kept.declined, kept.inbound, kept.arrived) == (True, 0, 0)


async def test_a_review_learns_that_advice_was_answered_meanwhile(work: UnitOfWork) -> None:
    cut = advice(tenant := uuid4())
    async with work.begin(tenant) as tx:
        await store.save_advice(tx.connection, [cut])
        before = await store.standing(tx.connection)
        unanswered = await store.lock_standing(tx.connection)
    await take_in(work, tenant, answered(cut, Decision.DECLINED))
    async with work.begin(tenant) as tx:
        after = await store.lock_standing(tx.connection)
    assert unanswered == {key: each.answered_at for key, each in before.items()} == {cut.recommendation_id: None}
    assert after == {cut.recommendation_id: NOW}
