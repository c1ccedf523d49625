"""Answers reach recommend: kept beside the advice, and read for the next review."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from services.recommend import store
from services.recommend.domain import Action
from services.recommend.handlers import REVIEWS
from shared.events import AdviceStatus, Decision
from tests.integration import answered_advice
from tests.integration.answered_advice import NOW, advice, answered, read, stand, take_in

if TYPE_CHECKING:
    from shared.messaging import UnitOfWork

work = answered_advice.work


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
    await take_in(work, tenant, answered(buy, Decision.ACCEPTED, after=72))
    await stand(work, buy, "in_stock", tomorrow)
    for _ in range(2):
        (kept,) = await read(work, tenant)
        assert (kept.quantity, kept.inbound, kept.arrived) == (3, 2, 3)
    await take_in(work, tenant, answered(buy, Decision.DECLINED, after=73))
    (kept,) = await read(work, tenant)
    assert (kept.declined, kept.inbound, kept.arrived) == (True, 0, 0)


async def test_an_answer_that_is_read_late_does_not_take_what_came_for_what_stood(work: UnitOfWork) -> None:
    buy = advice(tenant := uuid4(), action="acquire", vehicle_key=None, quantity=3, price=None)
    async with work.begin(tenant) as tx:
        await store.save_advice(tx.connection, [buy])
    for days in (-30, 0, 2):
        await stand(work, buy, "in_stock", {"stock_date": NOW.date() + timedelta(days=days)})
    await stand(work, buy, "in_stock", {})
    await take_in(work, tenant, answered(buy, Decision.ACCEPTED))
    (kept,) = await read(work, tenant)
    assert kept.arrived == 1
