"""What feedback keeps of advice, in whichever order its issue and its end are read."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from services.feedback import domain, store
from services.feedback.handlers import OUTCOMES, on_recommendation_answered, on_recommendation_issued
from services.feedback.judging import BEGINNING, Judge
from services.recommend.translate.advice import closed
from shared.events import Action, AdviceStatus, Decision, RecommendationAnswered, RecommendationIssued
from tests.integration import judged_rooftop
from tests.integration.held_work import hold
from tests.integration.judged_rooftop import NORTH, NOW, AtOnce, advice, judge, outcomes, sold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shared.messaging import UnitOfWork

ISSUED_AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
NEXT_HALF = datetime(2026, 7, 2, 9, 30, tzinfo=UTC)
KEPT = "subject, is_first, opens, status, issued_at, closed_at, settled"
work, tenant = judged_rooftop.work, judged_rooftop.tenant


def issue(tenant: UUID, vehicle: str | None, action: Action) -> RecommendationIssued:
    return advice(tenant, 0, vehicle, action=action, occurred_at=ISSUED_AT, hold_out_share=0.1, quantity=2)


def end(issued: RecommendationIssued, at: datetime = NEXT_HALF) -> RecommendationIssued:
    return closed(issued.model_dump(mode="json"), AdviceStatus.EXPIRED, "its time is over", at)


def answer_to(issued: RecommendationIssued) -> RecommendationAnswered:
    return RecommendationAnswered(
        event_id=uuid4(), occurred_at=issued.occurred_at + timedelta(days=2), tenant_id=issued.tenant_id,
        dealer_id=NORTH, recommendation_id=issued.recommendation_id, decision=Decision.ACCEPTED, user_id=uuid4(),
    )  # fmt: skip


async def kept(work: UnitOfWork, batches: Sequence[Sequence[RecommendationIssued]]) -> list[dict[str, Any]]:
    """Save batches; gives the rows of the advice in the order of its actions."""
    group = batches[0][0].tenant_id
    for batch in batches:
        async with work.begin(group) as tx:
            await store.save_advice(tx.connection, batch)
    async with work.begin(group) as tx:
        return [dict(row) for row in await tx.connection.fetch(f"SELECT {KEPT} FROM advice ORDER BY action")]


@pytest.mark.parametrize(
    "over", [NEXT_HALF, ISSUED_AT - timedelta(minutes=10)], ids=["clocks agree", "one is behind"]
)
async def test_an_end_that_is_read_before_its_issue_opens_no_window_and_its_issue_does(
    work: UnitOfWork, tenant: UUID, over: datetime
) -> None:
    """A shelf's window is named after the half-year of its issue, whenever it ended."""
    for vehicle, action in (("V1", Action.REPRICE), (None, Action.ORDER)):
        told = issue(tenant, vehicle, action)
        subject = domain.subject_of(domain.Action(action.value), vehicle, told.segment, ISSUED_AT.date())
        wanted = {
            "subject": subject if vehicle else f"{NORTH} {subject}", "is_first": True, "opens": True,
            "status": "expired", "issued_at": ISSUED_AT, "closed_at": over, "settled": False,
        }  # fmt: skip
        for order in permutations([told, end(told, over), told]):
            for split in range(4):
                await forget(work, tenant)
                [row] = await kept(work, [part for part in (order[:split], order[split:]) if part])
                assert row == wanted, (action, [event.status for event in order], split)


async def forget(work: UnitOfWork, tenant: UUID) -> None:
    async with work.begin(tenant) as tx:
        for table in ("advice", "answer", "outcome", "vehicle_state", "work"):
            await tx.connection.execute(f"DELETE FROM {table} WHERE tenant_id = $1", tenant)


async def test_advice_that_is_known_by_its_end_alone_is_judged_once_its_issue_comes(
    work: UnitOfWork, tenant: UUID
) -> None:
    """By the end alone no day was at risk: a sale would be worth more than it was, and teach that cars sell at once."""
    told = advice(tenant, 62, "V1", hold_out_share=0.1)
    over = closed(told.model_dump(mode="json"), AdviceStatus.WITHDRAWN, "sold", NOW - timedelta(days=57))
    in_order = await judged(work, tenant, [told], [over])
    await forget(work, tenant)
    assert await judged(work, tenant, [over]) == {}
    assert await judged(work, tenant, [told]) == in_order
    [outcome] = in_order.values()
    assert outcome["kind"] == "sold"
    assert outcome["observed_value"] is not None


async def judged(
    work: UnitOfWork, tenant: UUID, *batches: Sequence[RecommendationIssued]
) -> dict[str, dict[str, Any]]:
    """Have batches handled, and what they mark judged."""
    for batch in batches:
        async with work.begin(tenant) as tx:
            await on_recommendation_issued(batch, tx)
            await store.save_states(tx.connection, sold(tenant, "V1", 57))
            marked = await tx.connection.fetchval("SELECT count(*) FROM work WHERE tenant_id = $1", tenant)
        if marked:
            await judge(work, tenant)
    return await outcomes(work, tenant)


async def test_an_issue_or_an_answer_that_comes_while_a_page_is_judged_has_it_judged_again(
    work: UnitOfWork, tenant: UUID
) -> None:
    """What was let go meanwhile goes on, and so does what was let go before: its answer was parked."""
    told = advice(tenant, 100, "V1")
    over = closed(told.model_dump(mode="json"), AdviceStatus.EXPIRED, "its time is over", NOW - timedelta(days=93))
    yes = answer_to(told)

    class AnsweredMeanwhile(AtOnce):
        async def run(self, function: Callable[..., Any], *args: Any) -> Any:
            async with work.begin(tenant) as tx:
                await on_recommendation_answered([yes], tx)
            return await super().run(function, *args)

    for pool in (AnsweredMeanwhile(), AtOnce()):
        await forget(work, tenant)
        async with work.begin(tenant) as tx:
            await on_recommendation_issued([told], tx)
            await on_recommendation_issued([over], tx)
        await Judge(work, pool).compute([await hold(work, OUTCOMES, tenant, NORTH, "")])  # type: ignore[arg-type]
        [row] = await kept(work, [[told]])
        assert row["settled"] == (type(pool) is AtOnce)
        async with work.begin(tenant) as tx:
            await on_recommendation_answered([yes], tx)
        await judge(work, tenant)
        [outcome] = (await outcomes(work, tenant)).values()
        assert outcome["decision"] == "accepted"


async def test_an_answer_does_not_have_advice_judged_whose_issue_is_not_known(work: UnitOfWork, tenant: UUID) -> None:
    told = issue(tenant, "V1", Action.REPRICE)
    await kept(work, [[end(told)]])
    async with work.begin(tenant) as tx:
        await on_recommendation_answered([answer_to(told)], tx)
        assert await store.open_advice(tx.connection, NORTH, BEGINNING, 10) == []


async def test_two_transactions_open_one_window_between_them(work: UnitOfWork, tenant: UUID) -> None:
    """Advice on a vehicle lies in two partitions where it moved from one rooftop to another, or some were added."""
    one, other = issue(tenant, "V1", Action.REPRICE), issue(tenant, "V1", Action.REPRICE)
    await beside(work, tenant, on_recommendation_issued, one, on_recommendation_issued, other)
    rows = await kept(work, [[one]])
    assert sorted((row["opens"], row["is_first"]) for row in rows) == [(False, False), (True, True)]


async def test_an_answer_waits_for_the_issue_that_is_being_stored(work: UnitOfWork, tenant: UUID) -> None:
    told = advice(tenant, 100, "V1")
    await kept(work, [[end(told, NOW - timedelta(days=93))]])
    await beside(work, tenant, on_recommendation_issued, told, on_recommendation_answered, answer_to(told))
    async with work.begin(tenant) as tx:
        [row] = await store.open_advice(tx.connection, NORTH, BEGINNING, 10)
    assert row["answer"] is not None
    await judge(work, tenant)
    [outcome] = (await outcomes(work, tenant)).values()
    assert outcome["decision"] == "accepted"


async def beside(work: UnitOfWork, tenant: UUID, first: Any, event: Any, second: Any, other: Any) -> None:
    """Have an event handled while the transaction that handles another is not over; see that it waits for that."""
    waiting: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def handle_beside() -> None:
        async with work.begin(tenant) as tx:
            waiting.set_result(await tx.connection.fetchval("SELECT pg_backend_pid()"))
            await second([other], tx)

    async with work.begin(tenant) as tx:
        await first([event], tx)
        task = asyncio.create_task(handle_beside())
        pid = await waiting
        while not await tx.connection.fetchval("SELECT cardinality(pg_blocking_pids($1)) > 0", pid):
            assert not task.done(), "it did not wait"
    await task


async def test_of_two_on_one_vehicle_the_window_is_that_of_whose_issue_came_first(
    work: UnitOfWork, tenant: UUID
) -> None:
    cut, sell = issue(tenant, "V1", Action.REPRICE), issue(tenant, "V1", Action.WHOLESALE)
    for order in permutations([cut, end(cut), sell]):
        await forget(work, tenant)
        first, second = await kept(work, [order])
        came_first = order.index(cut) < order.index(sell)
        assert (first["opens"], second["opens"]) == (came_first, not came_first)
        assert first["is_first"], "of its action"
        assert second["is_first"], "of its action"
