"""Outcomes added up by the database: by action, and by side of the hold-out."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from statistics import fmean, variance
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from services.gateway.domain.uplift import SHELF_DAYS, UNIT_DAYS
from services.gateway.store.figures import observed_arms, outcome_sums
from services.gateway.store.projections import project_outcomes
from shared.events import Action, OutcomeKind, OutcomeRecorded
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NORTH, SOUTH = uuid4(), uuid4()


@pytest.fixture
async def work(migrated: str) -> AsyncIterator[UnitOfWork]:
    pool = await create_pool("gateway", PostgresSettings(dsn=migrated))
    yield UnitOfWork(pool, "gateway")
    await pool.close()


def outcome(tenant: UUID, dealer: UUID = NORTH, **changes: Any) -> OutcomeRecorded:
    values: dict[str, Any] = {
        "event_id": uuid4(), "occurred_at": datetime(2026, 3, 2, tzinfo=UTC), "tenant_id": tenant, "dealer_id": dealer,
        "outcome_id": uuid4(), "recommendation_id": uuid4(), "action": Action.REPRICE, "segment": "used/a/one",
        "vehicle_key": "V", "kind": OutcomeKind.SOLD, "days": 9, "currency": "USD", "expected_value": Decimal(300),
        "realised_value": Decimal(100), "policy_version": 0, "call_confidence": 0.6,
    }  # fmt: skip
    return OutcomeRecorded(**{**values, **changes})


async def kept(work: UnitOfWork, tenant: UUID, told: list[OutcomeRecorded]) -> None:
    async with work.begin(tenant) as tx:
        await project_outcomes(tx.connection, told)


async def test_sums_by_action_leave_out_what_was_reversed_or_not_shown(work: UnitOfWork) -> None:
    tenant = uuid4()
    told = [
        outcome(tenant, bore_out=True),
        outcome(tenant, bore_out=False, call_confidence=0.8),
        outcome(tenant, realised_value=None),
        outcome(tenant, held_out=True, realised_value=Decimal(9_000), bore_out=True),
        outcome(tenant, kind=OutcomeKind.REVERSED, realised_value=None),
        outcome(tenant, SOUTH, action=Action.WHOLESALE, realised_value=Decimal("-50.25")),
    ]
    await kept(work, tenant, told)
    async with work.begin(tenant) as tx:
        whole = {row["action"]: row for row in await outcome_sums(tx.connection, None)}
        north = {row["action"]: row for row in await outcome_sums(tx.connection, [NORTH])}
    cut = whole["reprice"]
    assert (cut["outcomes"], cut["held_out"], cut["judged"]) == (3, 1, 2)
    assert (cut["expected_value"], cut["realised_value"]) == (Decimal(600), Decimal(200))
    assert (cut["calls"], cut["right"], cut["claimed"]) == (2, 1, pytest.approx(0.7))
    assert whole["wholesale"]["realised_value"] == Decimal("-50.25")
    assert north.keys() == {"reprice"}


async def test_sides_are_summed_up_by_rooftop_and_share(work: UnitOfWork) -> None:
    tenant, other = uuid4(), uuid4()
    values = [100.0, 250.5, -75.25]

    def seen(value: float, **changes: Any) -> OutcomeRecorded:
        figures = {"observed_value": Decimal(str(value)), "observed_days": UNIT_DAYS, "hold_out_share": 0.1}
        return outcome(tenant, **{**figures, **changes})

    told = [seen(value) for value in values] + [seen(value - 40, held_out=True) for value in values]
    told += [seen(7, hold_out_share=0.2), seen(8, dealer=SOUTH), seen(9, observed_days=SHELF_DAYS), outcome(tenant)]
    await kept(work, tenant, told)
    await kept(work, other, [outcome(other, observed_value=Decimal(1), observed_days=UNIT_DAYS, hold_out_share=0.1)])
    async with work.begin(tenant) as tx:
        found = await observed_arms(tx.connection, None)
    sides = {arm.held_out: arm for days, arm in found if days == UNIT_DAYS and arm.stratum == (NORTH, "0.1")}
    assert (sides[False].n, sides[True].n) == (3, 3)
    assert sides[False].mean == pytest.approx(fmean(values))
    assert sides[False].variance == pytest.approx(variance(values))
    assert sides[False].mean - sides[True].mean == pytest.approx(40)
    assert sum(arm.n for _, arm in found) == 9
