"""Advice is answered while its group is being reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest

from services.recommend import store
from services.recommend.computing import Learned, Reviewed
from services.recommend.handlers import REVIEWS, WHOLE_TENANT
from services.recommend.reviewing import Reviewer
from shared.events import AdviceStatus, Decision, RecommendationAnswered, RecommendationIssued
from tests.integration import answered_advice
from tests.integration.answered_advice import NOW, advice, answered, take_in
from tests.integration.held_work import hold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.messaging import UnitOfWork

work = answered_advice.work


class Answering:
    """Computes a review that closes some advice, while other advice is answered."""

    def __init__(self, work: UnitOfWork, closing: RecommendationIssued, answer: RecommendationAnswered) -> None:
        self.work, self.closing, self.answer = work, closing, answer

    async def run(self, *_: object) -> Reviewed:
        await take_in(self.work, self.closing.tenant_id, self.answer)
        end = self.closing.model_copy(
            update={"status": AdviceStatus.WITHDRAWN, "closed_because": "no longer worth it"}
        )
        ended = frozenset({self.closing.recommendation_id})
        return Reviewed((), (end.model_dump_json().encode(),), ended, units=0, advice=0, skipped=0)


class Untaught:
    """What is learned of nothing, and the cases that are like none."""

    async def learned(self, _: object) -> Learned:
        return Learned(None, {}, None)

    async def attach(self, fresh: Sequence[RecommendationIssued]) -> Sequence[RecommendationIssued]:
        return fresh


@pytest.mark.parametrize("same", [True, False])
async def test_what_was_answered_during_a_review_is_not_closed_by_it(work: UnitOfWork, *, same: bool) -> None:
    tenant = uuid4()
    one, other = advice(tenant), advice(tenant)
    async with work.begin(tenant) as tx:
        await store.save_advice(tx.connection, [one, other])
    said = answered(one if same else other, Decision.DECLINED)
    pool, untaught = cast("Any", Answering(work, one, said)), cast("Any", Untaught())
    reviewer = Reviewer(work, pool, similar=untaught, pacing=untaught)
    await reviewer.compute([await hold(work, REVIEWS, tenant, WHOLE_TENANT, "")])
    async with work.begin(tenant) as tx:
        found = await store.standing(tx.connection)
    kept = {one.recommendation_id: NOW, other.recommendation_id: None} if same else {other.recommendation_id: NOW}
    assert {key: each.answered_at for key, each in found.items()} == kept
