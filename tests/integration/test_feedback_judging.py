"""Judging on a real database: page by page, sums instead of documents, one window a subject."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from services.feedback import judging, store
from services.feedback.domain import Action, Kind, Lesson, Outcome, lesson_of
from services.feedback.handlers import OUTCOMES
from services.feedback.judging import Judge
from shared import events
from shared.events import OutcomeRecorded, RecommendationAnswered
from shared.messaging import UnitOfWork
from shared.postgres.claims import ClaimLostError
from tests.integration import judged_rooftop
from tests.integration.held_work import hold
from tests.integration.judged_rooftop import NORTH, NOW, SOUTH, AtOnce, advice, judge, outcomes, sold

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = Path(events.__file__).parent / "examples"

work, tenant = judged_rooftop.work, judged_rooftop.tenant


async def test_more_advice_than_a_page_is_judged_page_by_page_and_once(
    work: UnitOfWork, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "PAGE", 10)
    told = [advice(tenant, 20, f"V{n}") for n in range(25)]
    async with work.begin(tenant) as tx:
        await store.save_advice(tx.connection, told)
        await store.save_states(tx.connection, [row for n in range(25) for row in sold(tenant, f"V{n}", 15)])
    assert (await judge(work, tenant)).pages == [10, 10, 5]
    first = await outcomes(work, tenant)
    assert len(first) == 25
    assert {each["kind"] for each in first.values()} == {"sold"}
    await judge(work, tenant)
    assert await outcomes(work, tenant) == first
    async with work.begin(tenant) as tx:
        published = await tx.connection.fetchval("SELECT count(*) FROM outbox WHERE topic = 'outcome-recorded'")
    assert published == 25


async def test_a_subject_is_watched_once_from_the_first_advice_that_could_have_been_held_out(
    work: UnitOfWork, tenant: UUID
) -> None:
    ruled = advice(tenant, 100, "V1", action=events.Action.HOLD, hold_out_share=0.0)
    opens = advice(tenant, 90, "V1", hold_out_share=0.2, held_out=True)
    later = advice(tenant, 80, "V1", hold_out_share=0.2, held_out=True)
    lane = advice(tenant, 75, "V1", action=events.Action.WHOLESALE, hold_out_share=0.2, held_out=True)
    fresh = advice(tenant, 5, "V2", hold_out_share=0.2)
    async with work.begin(tenant) as tx:
        for each in (ruled, opens, later, lane, fresh):
            await store.save_advice(tx.connection, [each])
        await store.save_states(tx.connection, sold(tenant, "V1", 70))
    await judge(work, tenant)
    found = await outcomes(work, tenant)
    assert [key for key, each in found.items() if each["observed_value"] is not None] == [
        str(opens.recommendation_id)
    ]
    watched = found[str(opens.recommendation_id)]
    assert (watched["held_out"], watched["hold_out_share"]) == (True, 0.2)
    called = {key for key, each in found.items() if each["bore_out"] is not None}
    assert called == {str(opens.recommendation_id), str(lane.recommendation_id)}
    async with work.begin(tenant) as tx:
        payload = await tx.connection.fetchval(
            "SELECT convert_from(payload, 'utf8')::jsonb FROM outbox WHERE topic = 'outcome-recorded'"
            " AND convert_from(payload, 'utf8')::jsonb->>'recommendation_id' = $1", str(opens.recommendation_id)
        )  # fmt: skip
    assert (payload["observed_days"], payload["held_out"]) == (60, True)
    assert Decimal(payload["observed_value"]) == Decimal(f"{watched['observed_value']:.2f}")


async def test_advice_that_nobody_answered_is_let_go_once_its_window_is_over(work: UnitOfWork, tenant: UUID) -> None:
    old, young = (advice(tenant, days, f"V{days}") for days in (120, 40))
    async with work.begin(tenant) as tx:
        for each in (old, young):
            await store.save_advice(tx.connection, [each])
            closed = {"status": events.AdviceStatus.SUPERSEDED, "occurred_at": each.occurred_at + timedelta(days=5)}
            await store.save_advice(tx.connection, [each.model_copy(update=closed)])
    await judge(work, tenant)
    async with work.begin(tenant) as tx:
        rows = await tx.connection.fetch("SELECT recommendation_id, settled FROM advice")
    assert {row["recommendation_id"]: row["settled"] for row in rows} == {
        old.recommendation_id: True, young.recommendation_id: False,
    }  # fmt: skip


OUTCOME = Outcome(
    recommendation_id="", action=Action.REPRICE, decision=None, segment="used/a/one", vehicle_key="V", kind=Kind.SOLD,
    on=date(2026, 3, 2), days=10, followed=True, expected_value=300.0, realised_value=100.0, expected_gross=1_500.0,
    realised_gross=1_320.0, hazard_exposure=0.7, sales=1, policy_version=0, call_confidence=0.7, bore_out=True,
)  # fmt: skip


async def test_the_database_adds_up_what_the_domain_teaches(work: UnitOfWork, tenant: UUID) -> None:
    told = [
        OUTCOME,
        replace(OUTCOME, realised_gross=900.0, bore_out=False),
        replace(OUTCOME, kind=Kind.REVERSED, sales=0),
        replace(
            OUTCOME,
            action=Action.WHOLESALE,
            kind=Kind.WHOLESALED,
            sales=0,
            market_price=20_000.0,
            expected_gross=-500.0,
        ),
        replace(OUTCOME, action=Action.ACQUIRE, sales=0, lead_days=(9, 14), vehicle_keys=("A", "B"), bore_out=None),
    ]
    told = [replace(each, recommendation_id=str(uuid4())) for each in told]
    old = replace(OUTCOME, recommendation_id=str(uuid4()), on=date(2024, 3, 2))
    async with work.begin(tenant) as tx:
        await store.save_outcomes(tx.connection, tenant, NORTH, [(1, each) for each in (*told, old)], NOW)
        await store.save_outcomes(
            tx.connection, tenant, SOUTH, [(1, replace(OUTCOME, recommendation_id=str(uuid4())))], NOW
        )
        found = await store.lessons(tx.connection, date(2025, 6, 1))
        claimed = await store.claims(tx.connection, ["A", "C"])
    by_action: dict[Action, Lesson] = {}
    for each in told:
        by_action[each.action] = by_action.get(each.action, Lesson()) + lesson_of(each)
    assert found[SOUTH] == {Action.REPRICE: lesson_of(OUTCOME)}
    assert found[NORTH].keys() == by_action.keys()
    for action, lesson in by_action.items():
        for name in Lesson.__dataclass_fields__:
            assert getattr(found[NORTH][action], name) == pytest.approx(getattr(lesson, name)), (action, name)
    assert claimed == {"A": told[-1].recommendation_id}


async def test_an_older_version_of_an_outcome_is_neither_stored_nor_told(work: UnitOfWork, tenant: UUID) -> None:
    known = replace(OUTCOME, recommendation_id=str(uuid4()))
    async with work.begin(tenant) as tx:
        told = await store.save_outcomes(tx.connection, tenant, NORTH, [(2, known)], NOW)
        assert told == {known.recommendation_id: NOW}
        late = replace(known, sales=0)
        assert await store.save_outcomes(tx.connection, tenant, NORTH, [(1, late)], NOW) == {}
        assert (await store.lessons(tx.connection, date(2025, 1, 1)))[NORTH][Action.REPRICE].sales == 1


async def test_a_later_version_is_recorded_later_also_where_a_clock_is_behind(work: UnitOfWork, tenant: UUID) -> None:
    """The pages and recommend keep the outcome that was recorded last."""
    known = replace(OUTCOME, recommendation_id=str(uuid4()))
    behind = NOW - timedelta(hours=2)
    async with work.begin(tenant) as tx:
        [first] = (await store.save_outcomes(tx.connection, tenant, NORTH, [(1, known)], NOW)).values()
        [second] = (await store.save_outcomes(tx.connection, tenant, NORTH, [(2, known)], behind)).values()
        [third] = (await store.save_outcomes(tx.connection, tenant, NORTH, [(3, known)], behind)).values()
        stored = await tx.connection.fetchval("SELECT recorded_at FROM outcome")
    assert first < second < third == stored


async def test_an_outcome_is_told_with_the_time_it_counts_as_recorded(work: UnitOfWork, tenant: UUID) -> None:
    async with work.begin(tenant) as tx:
        await store.save_advice(tx.connection, [advice(tenant, 60, "V1")])
        [came, left] = sold(tenant, "V1", 57)
        await store.save_states(tx.connection, [came, left])
    await judge(work, tenant)
    ahead = NOW + timedelta(hours=2)
    async with work.begin(tenant) as tx:
        await tx.connection.execute("UPDATE outcome SET recorded_at = $1", ahead)  # by another clock
        await store.save_states(tx.connection, [{**left, "version": 3, "front_gross": 900}])
    await judge(work, tenant)
    async with work.begin(tenant) as tx:
        recorded = await tx.connection.fetchval("SELECT recorded_at FROM outcome")
    payloads = await work.pool.fetch("SELECT payload FROM outbox WHERE topic = 'outcome-recorded' ORDER BY seq")
    told = [OutcomeRecorded.model_validate_json(row["payload"]) for row in payloads]
    told = [event for event in told if event.tenant_id == tenant]
    assert [event.realised_gross for event in told] == [1_500, 900]
    assert ahead < recorded == told[-1].occurred_at


async def test_what_was_worked_off_is_taken_off(work: UnitOfWork, tenant: UUID) -> None:
    async with work.begin(tenant) as tx:
        await OUTCOMES.mark(tx.connection, [(tenant, NORTH, "")])
    [item] = await OUTCOMES.claim(work.pool, limit=10)
    await Judge(work, AtOnce()).compute([item])  # type: ignore[arg-type]
    assert await work.pool.fetchval("SELECT count(*) FROM work WHERE tenant_id = $1", tenant) == 0


async def test_a_page_judged_by_one_whose_work_another_took_over_is_not_kept(work: UnitOfWork, tenant: UUID) -> None:
    class TakenOverMeanwhile(AtOnce):
        async def run(self, function: Callable[..., Any], *args: Any) -> Any:
            await work.pool.execute("UPDATE work SET claim = gen_random_uuid() WHERE tenant_id = $1", tenant)
            return await super().run(function, *args)

    async with work.begin(tenant) as tx:
        await store.save_advice(tx.connection, [advice(tenant, 60, "V1")])
        await store.save_states(tx.connection, sold(tenant, "V1", 20))
    item = await hold(work, OUTCOMES, tenant, NORTH, "")
    told = await work.pool.fetchval("SELECT count(*) FROM outbox")
    with pytest.raises(ClaimLostError):
        await Judge(work, TakenOverMeanwhile()).compute([item])  # type: ignore[arg-type]
    assert await outcomes(work, tenant) == {}
    assert await work.pool.fetchval("SELECT count(*) FROM outbox") == told
    await judge(work, tenant)
    assert len(await outcomes(work, tenant)) == 1


async def test_a_car_counts_for_the_advice_it_came_of_and_not_for_what_was_superseded_before(
    work: UnitOfWork, tenant: UUID
) -> None:
    buy = {"action": events.Action.ACQUIRE, "price": None, "current_price": None, "quantity": 2}
    before = advice(tenant, 50, None, **buy)
    after = advice(tenant, 48, None, **{**buy, "quantity": 1})
    superseded = before.model_copy(
        update={"event_id": uuid4(), "status": events.AdviceStatus.SUPERSEDED, "occurred_at": after.occurred_at}
    )
    yes = RecommendationAnswered(
        event_id=uuid4(), occurred_at=NOW - timedelta(days=47), tenant_id=tenant, dealer_id=NORTH,
        recommendation_id=after.recommendation_id, decision=events.Decision.ACCEPTED, user_id=uuid4(),
    )  # fmt: skip
    came = [
        {
            **state,
            "group_stock_date": (NOW - timedelta(days=40)).date(),
            "stock_date": (NOW - timedelta(days=40)).date(),
        }
        for state in sold(tenant, "K1", 25)
    ]
    async with work.begin(tenant) as tx:
        await store.save_advice(tx.connection, [before, after, superseded])
        await store.save_answers(tx.connection, [yes])
        await store.save_states(tx.connection, came)
    await judge(work, tenant)
    found = await outcomes(work, tenant)
    bought = found[str(after.recommendation_id)]
    assert (bought["kind"], bought["vehicle_keys"]) == ("sold", ["K1"])
    assert found.get(str(before.recommendation_id), {"vehicle_keys": []})["vehicle_keys"] == []
