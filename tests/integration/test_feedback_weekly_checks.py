"""What was forecast for a week beside what was sold in it, on a real database."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.feedback import store
from shared import events
from shared.events import ForecastReady
from shared.messaging import UnitOfWork
from tests.integration import judged_rooftop
from tests.integration.judged_rooftop import NORTH, NOW, SOUTH, sold

EXAMPLES = Path(events.__file__).parent / "examples"

work, tenant = judged_rooftop.work, judged_rooftop.tenant


async def test_a_learned_scale_is_taken_out_of_the_forecasts_it_is_learned_from(
    work: UnitOfWork, tenant: UUID
) -> None:
    example = json.loads((EXAMPLES / "forecast-ready" / "v1" / "used-pickup.json").read_text())
    week = NOW.date() - timedelta(days=NOW.weekday() + 21)
    forecast = ForecastReady.model_validate(example)
    for version, scale in ((1, 1.0), (2, 1.5)):
        made = forecast.model_copy(
            update={
                "tenant_id": tenant, "dealer_id": NORTH, "forecast_version": version, "demand_scale": scale,
                "as_of": week - timedelta(days=3), "weeks": (forecast.weeks[0].model_copy(
                    update={"week": week + timedelta(weeks=version), "mean": 2.0 * scale}),),
            }
        )  # fmt: skip
        async with work.begin(tenant) as tx:
            await store.save_forecasts(tx.connection, [made])
    async with work.begin(tenant) as tx:
        weeks = await store.weekly_checks(tx.connection, NORTH, NOW.date())
    assert [each["forecast"] for each in weeks] == [2.0, 2.0]


@pytest.mark.parametrize("first_day", [0, -150, 149])  # of the newer report: as before, none, moved
async def test_a_sale_that_is_told_with_another_day_counts_in_one_week(
    work: UnitOfWork, tenant: UUID, first_day: int
) -> None:
    monday = NOW.date() - timedelta(days=NOW.weekday() + 14)
    states = sold(tenant, "V1", (NOW.date() - monday).days - 7)
    moved = {**states[-1], "version": states[-1]["version"] + 1, "exit_date": monday + timedelta(days=6)}
    came = states[0]["stock_date"]
    moved["stock_date"] = None if first_day < 0 else min(came + timedelta(days=first_day), moved["exit_date"])
    found = await _weeks(work, tenant, (monday, monday + timedelta(weeks=1)), (*states, moved))
    assert found == {monday: 1, monday + timedelta(weeks=1): 0}


async def test_two_sales_far_apart_count_both_though_no_arrival_was_told_between(
    work: UnitOfWork, tenant: UUID
) -> None:
    monday = NOW.date() - timedelta(days=NOW.weekday() + 14)
    first = sold(tenant, "V1", (NOW.date() - monday).days + 70)
    again = {**first[-1], "version": 3, "exit_date": monday, "at": NOW - timedelta(days=1)}
    assert await _weeks(work, tenant, (monday, monday - timedelta(weeks=10)), (*first, again)) == {
        monday: 1,
        monday - timedelta(weeks=10): 1,
    }


async def test_a_car_that_a_sister_store_sold_was_not_sold_here(work: UnitOfWork, tenant: UUID) -> None:
    came, left = sold(tenant, "V1", 20)
    moved = {**came, "version": 2, "dealer_id": SOUTH, "at": came["at"] + timedelta(days=1)}
    moved["stock_date"] = came["stock_date"] + timedelta(days=1)
    there = {**left, "version": 3, "dealer_id": SOUTH, "stock_date": moved["stock_date"]}
    async with work.begin(tenant) as tx:
        await store.save_states(tx.connection, [came, moved, there, *sold(tenant, "V2", 20)])
        stays = await store.shelf_stays(tx.connection, NORTH, {came["segment"]})
    found = {(came, gone): retailed for came, gone, _, retailed in stays[came["segment"]]}
    assert found == {
        (came["stock_date"], moved["stock_date"]): False,
        (came["stock_date"], (NOW - timedelta(days=20)).date()): True,
    }


async def _weeks(
    work: UnitOfWork, tenant: UUID, mondays: tuple[date, ...], states: tuple[dict[str, Any], ...]
) -> dict[date, int]:
    """Give the sales counted in weeks that were forecast, of a vehicle that stood so."""
    forecast = ForecastReady.model_validate_json(
        (EXAMPLES / "forecast-ready" / "v1" / "used-pickup.json").read_text()
    )
    weeks = tuple(forecast.weeks[0].model_copy(update={"week": monday}) for monday in sorted(mondays))
    made = forecast.model_copy(
        update={"tenant_id": tenant, "dealer_id": NORTH, "as_of": min(mondays) - timedelta(days=3), "weeks": weeks}
    )
    async with work.begin(tenant) as tx:
        await store.save_forecasts(tx.connection, [made])
        await store.save_states(tx.connection, [{**state, "segment": forecast.segment} for state in states])
        found = await store.weekly_checks(tx.connection, NORTH, NOW.date())
    return {each["week"]: int(each["sales"]) for each in found}
