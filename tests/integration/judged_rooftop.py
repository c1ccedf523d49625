"""A rooftop with advice and what happened to its vehicles, judged in this process on a real database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from services.feedback.handlers import OUTCOMES
from services.feedback.judging import Judge
from shared import events
from shared.events import RecommendationIssued
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool
from tests.integration.held_work import hold

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

NOW = datetime.now(UTC)
NORTH, SOUTH = uuid4(), uuid4()


@pytest.fixture
async def work(migrated: str) -> AsyncIterator[UnitOfWork]:
    """Give feedback's unit of work over a database of this test's own."""
    pool = await create_pool("feedback", PostgresSettings(dsn=migrated))
    yield UnitOfWork(pool, "feedback")
    await pool.close()


@pytest.fixture
def tenant() -> UUID:
    """Give a tenant of this test's own."""
    return uuid4()


class AtOnce:
    """Runs what a worker process would run, here."""

    def __init__(self) -> None:
        self.pages: list[int] = []

    async def run(self, function: Callable[..., Any], *args: Any) -> Any:
        self.pages.append(len(args[0].rows))
        return function(*args)


def advice(tenant: UUID, days_ago: int, vehicle: str | None, **changes: Any) -> RecommendationIssued:
    at = NOW - timedelta(days=days_ago)
    values: dict[str, Any] = {
        "event_id": uuid4(), "occurred_at": at, "tenant_id": tenant, "dealer_id": NORTH,
        "recommendation_id": uuid4(), "action": events.Action.REPRICE, "status": events.AdviceStatus.ISSUED,
        "segment": "used/a/one", "label": "A One", "vehicle_key": vehicle, "currency": "USD", "value": Decimal(300),
        "value_per_day": Decimal(9), "confidence": 0.6, "call_confidence": 0.7, "reason": "because", "expires_at": at + timedelta(days=7),
        "policy_version": 0, "price": Decimal(19_000), "current_price": Decimal(20_000),
        "expected_gross": Decimal(1_500), "expected_daily_hazard": 0.05, "baseline_daily_hazard": 0.03,
        "holding_cost_per_day": Decimal(40), "market_price": Decimal(20_000), "back_gross": Decimal(1_000),
        "baseline_net": Decimal(1_400),
    }  # fmt: skip
    return RecommendationIssued(**{**values, **changes})


def sold(tenant: UUID, vehicle: str, days_ago: int) -> list[dict[str, Any]]:
    """Give the states of a vehicle that came and was sold."""
    came = {
        "tenant_id": tenant, "vehicle_key": vehicle, "version": 1, "dealer_id": NORTH, "segment": "used/a/one",
        "at": NOW - timedelta(days=150), "status": "in_stock", "list_price": 20_000,
        "stock_date": (NOW - timedelta(days=150)).date(),
    }  # fmt: skip
    left = {
        "version": 2,
        "status": "sold",
        "exit_date": (NOW - timedelta(days=days_ago)).date(),
        "front_gross": 1_500,
    }
    return [came, {**came, **left, "at": NOW - timedelta(days=days_ago)}]


async def judge(work: UnitOfWork, tenant: UUID) -> AtOnce:
    pool = AtOnce()
    await Judge(work, pool).compute([await hold(work, OUTCOMES, tenant, NORTH, "")])  # type: ignore[arg-type]
    return pool


async def outcomes(work: UnitOfWork, tenant: UUID) -> dict[str, dict[str, Any]]:
    async with work.begin(tenant) as tx:
        rows = await tx.connection.fetch("SELECT document, version FROM outcome")
    return {row["document"]["recommendation_id"]: {**row["document"], "version": row["version"]} for row in rows}
