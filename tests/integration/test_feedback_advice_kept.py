"""What feedback keeps of advice, in whichever order its issue and its end are read."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from typing import TYPE_CHECKING, Any

from services.feedback import domain, store
from services.recommend.translate.advice import closed
from shared.events import Action, AdviceStatus, RecommendationIssued
from tests.integration import judged_rooftop
from tests.integration.judged_rooftop import NORTH, advice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.messaging import UnitOfWork

ISSUED_AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
NEXT_HALF = datetime(2026, 7, 2, 9, 30, tzinfo=UTC)
KEPT = "subject, is_first, opens, status, issued_at, closed_at, settled"
work, tenant = judged_rooftop.work, judged_rooftop.tenant


def issue(tenant: UUID, vehicle: str | None, action: Action) -> RecommendationIssued:
    return advice(tenant, 0, vehicle, action=action, occurred_at=ISSUED_AT, hold_out_share=0.1, quantity=2)


def end(issued: RecommendationIssued) -> RecommendationIssued:
    return closed(issued.model_dump(mode="json"), AdviceStatus.EXPIRED, "its time is over", NEXT_HALF)


async def kept(work: UnitOfWork, batches: Sequence[Sequence[RecommendationIssued]]) -> list[dict[str, Any]]:
    """Save batches; gives the rows of the advice in the order of its actions."""
    group = batches[0][0].tenant_id
    for batch in batches:
        async with work.begin(group) as tx:
            await store.save_advice(tx.connection, batch)
    async with work.begin(group) as tx:
        return [dict(row) for row in await tx.connection.fetch(f"SELECT {KEPT} FROM advice ORDER BY action")]


async def test_an_end_that_is_read_before_its_issue_opens_no_window_and_its_issue_does(
    work: UnitOfWork, tenant: UUID
) -> None:
    """A shelf's window is named after the half-year of its issue, whenever it ended."""
    for vehicle, action in (("V1", Action.REPRICE), (None, Action.ORDER)):
        told = issue(tenant, vehicle, action)
        subject = domain.subject_of(domain.Action(action.value), vehicle, told.segment, ISSUED_AT.date())
        wanted = {
            "subject": subject if vehicle else f"{NORTH} {subject}", "is_first": True, "opens": True,
            "status": "expired", "issued_at": ISSUED_AT, "closed_at": NEXT_HALF, "settled": False,
        }  # fmt: skip
        for order in permutations([told, end(told), told]):
            for split in range(4):
                await forget(work, tenant)
                [row] = await kept(work, [part for part in (order[:split], order[split:]) if part])
                assert row == wanted, (action, [event.status for event in order], split)


async def forget(work: UnitOfWork, tenant: UUID) -> None:
    async with work.begin(tenant) as tx:
        await tx.connection.execute("DELETE FROM advice WHERE tenant_id = $1", tenant)


async def test_what_was_let_go_before_its_issue_came_is_followed_again(work: UnitOfWork, tenant: UUID) -> None:
    told = issue(tenant, "V1", Action.REPRICE)
    await kept(work, [[end(told)]])
    async with work.begin(tenant) as tx:
        await store.settle(tx.connection, [told.recommendation_id])
    [late] = await kept(work, [[told]])
    assert late["opens"]
    assert not late["settled"]
    async with work.begin(tenant) as tx:
        await store.settle(tx.connection, [told.recommendation_id])
    [again] = await kept(work, [[told]])
    assert again["settled"], "an issue that is read twice says nothing new"


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
