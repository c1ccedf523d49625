"""The judging worker: a rooftop's open advice is held against what happened.

Advice is read page by page, and what the loop reads it does not parse: a worker process does, and judges. So however
much a rooftop has behind it, the event loop is held for no longer than a page takes.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from services.feedback import store
from services.feedback.domain import Action, days_watched
from services.feedback.handlers import OUTCOMES
from services.feedback.judgement import Judged, Page, Row, judge
from services.feedback.learning import LESSONS
from services.feedback.translate import outcome_event
from shared.messaging import ComputePool, Transaction, UnitOfWork
from shared.postgres import WorkItem
from shared.postgres.pool import Connection

PAGE = 200
BEGINNING = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


class Judge:
    """Works off rooftops where something happened."""

    def __init__(self, work: UnitOfWork, pool: ComputePool) -> None:
        self._work = work
        self._pool = pool

    async def compute(self, items: Sequence[WorkItem]) -> None:
        """Judge, rooftop by rooftop."""
        for item in items:
            await self._rooftop(item, datetime.now(UTC))

    async def _rooftop(self, item: WorkItem, now: datetime) -> None:
        after, exposure = BEGINNING, 0.0
        while True:
            async with self._work.begin(item.tenant_id) as tx:
                rows = await store.open_advice(tx.connection, item.dealer_id, after, PAGE)
                page = await _page(tx.connection, item.dealer_id, rows, now)
            if rows:
                after = (rows[-1]["issued_at"], rows[-1]["recommendation_id"])
                judged = await self._pool.run(judge, page)
                exposure += judged.open_exposure
                async with self._work.begin(item.tenant_id) as tx:
                    await _keep(tx, item, judged, now)
                    await OUTCOMES.hold(tx.connection, [item])
            if len(rows) < PAGE:
                break
        async with self._work.begin(item.tenant_id) as tx:
            if await store.judged_to_its_end(tx.connection, item.tenant_id, item.dealer_id, exposure):
                await LESSONS.mark(tx.connection, [(item.tenant_id, item.dealer_id, "")])
            await OUTCOMES.finish(tx.connection, [item])


async def _page(connection: Connection, dealer_id: UUID, rows: Sequence[asyncpg.Record], now: datetime) -> Page:
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
        # After the advice, which may have been computed with what was learned since the page before.
        parameters=await store.policies(connection, dealer_id),
        rows=tuple(Row(**{name: row[name] for name in Row.__dataclass_fields__}) for row in rows),
        states=await store.states(connection, {row["vehicle_key"] for row in rows if row["vehicle_key"]}),
        arrivals=tuple(arrivals),
        claimed=await store.claims(connection, {arrival[0] for arrival in arrivals}) if arrivals else {},
        stays=await store.shelf_stays(connection, dealer_id, due) if due else {},
    )


async def _keep(tx: Transaction, item: WorkItem, judged: Judged, now: datetime) -> None:
    """Store and publish what changed, and owe its learning; an outcome that somebody else stored first is theirs."""
    rows = [(version, outcome) for _, version, outcome in judged.changed]
    saved = await store.save_outcomes(tx.connection, item.tenant_id, item.dealer_id, rows, now) if rows else {}
    for currency, version, outcome in judged.changed:
        if outcome.recommendation_id in saved:
            at = saved[outcome.recommendation_id]
            tx.emit(outcome_event(item.tenant_id, item.dealer_id, currency, version, outcome, at))
    if judged.settled:
        await store.settle(tx.connection, item.tenant_id, judged.settled)
    if saved:
        await store.owe_learning(tx.connection, item.tenant_id, item.dealer_id)
