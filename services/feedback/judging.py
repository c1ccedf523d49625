"""The judging worker: a rooftop's open advice is held against what happened; then what it teaches is learned."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.feedback import store
from services.feedback.domain import (
    Advice,
    Answer,
    DemandCheck,
    Evidence,
    Happening,
    Kind,
    Outcome,
    Parameters,
    Stocking,
    exposure_so_far,
    outcome_of,
    pooled,
    propose,
)
from services.feedback.handlers import OUTCOMES
from services.feedback.translate import advice_of, answer_of, happening_of, outcome_event
from shared.events import PolicyUpdated, deterministic_id
from shared.messaging import Transaction, UnitOfWork
from shared.postgres import WorkItem

FOLLOWED_DAYS = 180
"""Advice is followed for this long: a sale may be unwound, an order may take months to come."""


class Judge:
    """Works off rooftops where something happened."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def compute(self, items: Sequence[WorkItem]) -> None:
        """Judge and learn, rooftop by rooftop."""
        for item in items:
            async with self._work.begin(item.tenant_id) as tx:
                await self._rooftop(item, tx, datetime.now(UTC))
                await OUTCOMES.finish(tx.connection, [item])

    async def _rooftop(self, item: WorkItem, tx: Transaction, now: datetime) -> None:
        rows = await store.open_advice(tx.connection, item.dealer_id)
        if not rows:
            return
        policies = await store.policies(tx.connection)
        cases = [
            (
                row,
                advice_of(row, _parameters(policies, item.dealer_id, row["document"])),
                answer_of(row["answer"]),
            )
            for row in rows
        ]
        stored = await store.outcomes(tx.connection)
        known = {outcome.recommendation_id: (version, outcome) for _, version, outcome in stored}
        happened = await self._happened(tx, item.dealer_id, [advice for _, advice, _ in cases], known)
        changed: list[tuple[int, Outcome]] = []
        for row, advice, answer in cases:
            outcome = outcome_of(advice, answer, happened[advice.recommendation_id], now)
            version, before = known.get(advice.recommendation_id, (0, None))
            if outcome is not None and outcome != before and not _unseen(outcome):
                changed.append((version + 1, outcome))
                currency = row["document"]["currency"]
                tx.emit(outcome_event(item.tenant_id, item.dealer_id, currency, version + 1, outcome, now))
        await store.save_outcomes(tx.connection, item.tenant_id, item.dealer_id, changed, now)
        old = now - timedelta(days=FOLLOWED_DAYS)
        await store.settle(tx.connection, [UUID(a.recommendation_id) for _, a, _ in cases if a.issued_at < old])
        if changed:
            pairs = [(advice, answer) for _, advice, answer in cases]
            exposure = _open_exposure(pairs, happened, now)
            await self._learn(item, tx, now.date(), exposure)

    async def _happened(
        self,
        tx: Transaction,
        dealer_id: UUID,
        advices: Sequence[Advice],
        known: Mapping[str, tuple[int, Outcome]],
    ) -> dict[str, Happening]:
        keys = {advice.vehicle_key for advice in advices if advice.vehicle_key}
        by_vehicle: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in await store.states(tx.connection, keys):
            by_vehicle[row["vehicle_key"]].append(row)
        since = min(advice.issued_at for advice in advices).date()
        arrivals = await store.arrivals(tx.connection, dealer_id, since)
        # A vehicle proves one piece of advice right, not two: the earliest that claimed it keeps it.
        claimed = {key: rid for rid, (_, outcome) in known.items() for key in outcome.vehicle_keys}
        result = {}
        for advice in advices:
            if advice.vehicle_key:
                result[advice.recommendation_id] = happening_of(by_vehicle[advice.vehicle_key])
                continue
            mine = tuple(
                Stocking(row["vehicle_key"], row["stock_date"], row["sold_on"], _float(row["gross"]))
                for row in arrivals
                if row["segment"] == advice.segment
                and claimed.get(row["vehicle_key"], advice.recommendation_id) == advice.recommendation_id
            )
            result[advice.recommendation_id] = Happening(stockings=mine)
            for stocking in mine[: advice.quantity or 0]:
                claimed.setdefault(stocking.vehicle_key, advice.recommendation_id)
        return result

    async def _learn(self, item: WorkItem, tx: Transaction, today: date, open_exposure: float) -> None:
        version, learned_on, current = await store.newest_policy(tx.connection, item.dealer_id)
        if learned_on == today:
            return  # one bounded step a day, or a busy day would run through the bounds
        by_dealer: dict[UUID, list[Outcome]] = defaultdict(list)
        for dealer_id, _, outcome in await store.outcomes(tx.connection):
            by_dealer[dealer_id].append(outcome)
        own = Evidence(
            tuple(by_dealer.pop(item.dealer_id, ())),
            open_exposure,
            await _demand_check(tx, item.dealer_id, today, current),
        )
        sisters = pooled([Evidence(tuple(outcomes)) for outcomes in by_dealer.values()])
        proposal = propose(own, sisters, current)
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


async def _demand_check(tx: Transaction, dealer_id: UUID, today: date, current: Parameters) -> DemandCheck:
    weeks = await store.weekly_checks(tx.connection, dealer_id, today)
    return DemandCheck(
        weeks=len(weeks),
        sales=sum(week["sales"] for week in weeks),
        forecast=sum(week["forecast"] for week in weeks) / current.demand_scale,
    )


def _unseen(outcome: Outcome) -> bool:
    """Tell whether advice came and went within a day, unanswered and undone: nobody could have followed it."""
    return outcome.kind is Kind.UNSOLD and outcome.days == 0 and outcome.decision is None and not outcome.followed


def _open_exposure(
    cases: Sequence[tuple[Advice, Answer | None]], happened: Mapping[str, Happening], now: datetime
) -> float:
    return sum(
        exposure_so_far(advice, answer, happened[advice.recommendation_id], now) / advice.computed_with.hazard_scale
        for advice, answer in cases
    )


def _parameters(
    policies: Mapping[tuple[UUID, int], Parameters], dealer_id: UUID, document: Mapping[str, Any]
) -> Parameters:
    return policies.get((dealer_id, document["policy_version"]), Parameters())


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
