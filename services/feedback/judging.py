"""The judging worker: a rooftop's open advice is held against what happened; then what it teaches is learned.

Advice is read page by page, and what the loop reads it does not parse: a worker process does, and judges. Learning
reads sums. So however much a rooftop has behind it, the event loop is held for no longer than a page takes.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import add
from uuid import UUID

import asyncpg

from services.feedback import store
from services.feedback.domain import Action, DemandCheck, Evidence, Lesson, Parameters, days_watched, propose
from services.feedback.handlers import OUTCOMES
from services.feedback.judgement import Judged, Page, Row, judge
from services.feedback.translate import outcome_event
from shared.events import PolicyUpdated, deterministic_id
from shared.messaging import ComputePool, Transaction, UnitOfWork
from shared.postgres import WorkItem
from shared.postgres.pool import Connection

PAGE = 200
LEARNING_DAYS = 365
"""Outcomes older than this tell of another market."""
BEGINNING = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


class Judge:
    """Works off rooftops where something happened."""

    def __init__(self, work: UnitOfWork, pool: ComputePool) -> None:
        self._work = work
        self._pool = pool

    async def compute(self, items: Sequence[WorkItem]) -> None:
        """Judge and learn, rooftop by rooftop."""
        for item in items:
            await self._rooftop(item, datetime.now(UTC))

    async def _rooftop(self, item: WorkItem, now: datetime) -> None:
        after, changed, exposure = BEGINNING, 0, 0.0
        async with self._work.begin(item.tenant_id) as tx:
            parameters = await store.policies(tx.connection, item.dealer_id)
        while True:
            async with self._work.begin(item.tenant_id) as tx:
                rows = await store.open_advice(tx.connection, item.dealer_id, after, PAGE)
                page = await _page(tx.connection, item.dealer_id, rows, parameters, now)
            if rows:
                after = (rows[-1]["issued_at"], rows[-1]["recommendation_id"])
                judged = await self._pool.run(judge, page)
                exposure += judged.open_exposure
                async with self._work.begin(item.tenant_id) as tx:
                    changed += await _keep(tx, item, judged, now)
                    await OUTCOMES.hold(tx.connection, [item])
            if len(rows) < PAGE:
                break
        async with self._work.begin(item.tenant_id) as tx:
            if changed:
                await _learn(item, tx, now.date(), exposure)
            await OUTCOMES.finish(tx.connection, [item])


async def _page(
    connection: Connection,
    dealer_id: UUID,
    rows: Sequence[asyncpg.Record],
    parameters: Mapping[int, Parameters],
    now: datetime,
) -> Page:
    """Gather what happened around a page of advice."""
    stocking = [row for row in rows if row["vehicle_key"] is None]
    due = [
        row["segment"]
        for row in stocking
        if row["opens"] and row["issued_at"] + timedelta(days=days_watched(Action(row["action"]))) < now
    ]
    arrivals = []
    if stocking:
        since = stocking[0]["issued_at"].date()
        arrivals = await store.arrivals(connection, dealer_id, {row["segment"] for row in stocking}, since)
    return Page(
        now=now,
        parameters=parameters,
        rows=tuple(Row(**{name: row[name] for name in Row.__dataclass_fields__}) for row in rows),
        states=await store.states(connection, {row["vehicle_key"] for row in rows if row["vehicle_key"]}),
        arrivals=tuple(arrivals),
        claimed=await store.claims(connection, {arrival[0] for arrival in arrivals}) if arrivals else {},
        stays=await store.shelf_stays(connection, dealer_id, due) if due else {},
    )


async def _keep(tx: Transaction, item: WorkItem, judged: Judged, now: datetime) -> int:
    """Store and publish what changed; an outcome that somebody else stored first is theirs."""
    rows = [(version, outcome) for _, version, outcome in judged.changed]
    saved = await store.save_outcomes(tx.connection, item.tenant_id, item.dealer_id, rows, now) if rows else set()
    for currency, version, outcome in judged.changed:
        if outcome.recommendation_id in saved:
            tx.emit(outcome_event(item.tenant_id, item.dealer_id, currency, version, outcome, now))
    if judged.settled:
        await store.settle(tx.connection, judged.settled)
    return len(saved)


async def _learn(item: WorkItem, tx: Transaction, today: date, open_exposure: float) -> None:
    version, learned_on, current = await store.newest_policy(tx.connection, item.dealer_id)
    if learned_on == today:
        return  # one bounded step a day, or a busy day would run through the bounds
    by_dealer = await store.lessons(tx.connection, today - timedelta(days=LEARNING_DAYS))
    own = Evidence(by_dealer.pop(item.dealer_id, {}), open_exposure, await _demand_check(tx, item.dealer_id, today))
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
    weeks = await store.weekly_checks(tx.connection, dealer_id, today)
    return DemandCheck(
        weeks=len(weeks),
        sales=sum(week["sales"] for week in weeks),
        forecast=sum(week["forecast"] for week in weeks),
    )
