"""The learning worker: what a rooftop's outcomes teach, once a turn of judging has stored all that it found.

Learning is owed from the transaction on that stores a page with new outcomes, and marked by the one that ends the
rooftop's turn: by the turn that is made again, where one was cut off between the two. In the middle of a turn the
outcomes are ahead of what is known to be open, and the speed of sale would be learned of both at once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import add
from uuid import UUID

from services.feedback import store
from services.feedback.domain import Action, DemandCheck, Evidence, ForecastWeek, Lesson, demand_check, propose
from shared.events import PolicyUpdated, deterministic_id
from shared.messaging import Transaction, UnitOfWork
from shared.postgres import WorkItem, WorkTable

LESSONS = WorkTable("lessons")
LEARNING_DAYS = 365
"""Outcomes older than this tell of another market."""


class Learner:
    """Works off rooftops whose outcomes are new."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def compute(self, items: Sequence[WorkItem]) -> None:
        """Learn, rooftop by rooftop."""
        for item in items:
            async with self._work.begin(item.tenant_id) as tx:
                await _learn(item, tx, datetime.now(UTC).date())
                await LESSONS.finish(tx.connection, [item])


async def _learn(item: WorkItem, tx: Transaction, today: date) -> None:
    exposure = await store.open_exposure(tx.connection, item.tenant_id, item.dealer_id)
    if exposure is None:
        return  # another turn has begun to store outcomes, and marks this again at its end
    version, learned_on, current = await store.newest_policy(tx.connection, item.dealer_id)
    if learned_on == today:
        # One bounded step a day, or a busy day would run through the bounds: the next turn looks again.
        await store.owe_learning(tx.connection, item.tenant_id, item.dealer_id)
        return
    by_dealer = await store.lessons(tx.connection, today - timedelta(days=LEARNING_DAYS))
    own = Evidence(by_dealer.pop(item.dealer_id, {}), exposure, await _demand_check(tx, item.dealer_id, today))
    proposal = propose(own, Evidence(_together(by_dealer)), current)
    if proposal is None:
        return
    event = PolicyUpdated(
        event_id=deterministic_id("policy-updated", item.tenant_id, item.dealer_id, version + 1),
        occurred_at=datetime.now(UTC),
        tenant_id=item.tenant_id,
        dealer_id=item.dealer_id,
        policy_version=version + 1,
        previous_version=version,
        parameters=asdict(proposal.parameters),
        previous=asdict(proposal.previous),
        evidence_count=proposal.evidence_count,
        reason=proposal.reason,
    )
    await store.save_policy(tx.connection, today, proposal.parameters, event)
    tx.emit(event)


def _together(by_dealer: Mapping[UUID, Mapping[Action, Lesson]]) -> dict[Action, Lesson]:
    parts: dict[Action, list[Lesson]] = defaultdict(list)
    for lessons in by_dealer.values():
        for action, lesson in lessons.items():
            parts[action].append(lesson)
    return {action: reduce(add, lessons) for action, lessons in parts.items()}


async def _demand_check(tx: Transaction, dealer_id: UUID, today: date) -> DemandCheck:
    weeks = [ForecastWeek(**row) for row in await store.weekly_checks(tx.connection, dealer_id, today)]
    stays = await store.shelf_stays(tx.connection, dealer_id, {each.segment for each in weeks})
    return demand_check(weeks, {segment: [stay[:2] for stay in found] for segment, found in stays.items()})
