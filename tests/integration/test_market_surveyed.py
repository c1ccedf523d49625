"""A rooftop's segments are told anew when they change, and once more when nothing of them is left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from services.market import store
from services.market.handlers import SURVEYS
from services.market.surveying import Surveyor
from shared.events import MarketUpdated
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool
from tests.integration.held_work import hold

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

TODAY = datetime.now(UTC).date()
STORE, ENCORE, RAV4 = uuid4(), "used/buick/encore", "used/toyota/rav4"


class Here:
    """Runs what a worker process would run, here."""

    async def run(self, function: Callable[..., Any], *args: Any) -> Any:
        return function(*args)


@pytest.fixture
async def work(migrated: str) -> AsyncIterator[UnitOfWork]:
    pool = await create_pool("market", PostgresSettings(dsn=migrated))
    yield UnitOfWork(pool, "market")
    await pool.close()


async def own(work: UnitOfWork, tenant: UUID, version: int, status: str) -> None:
    rows = [
        {
            "tenant_id": tenant, "vehicle_key": f"V{number}", "dealer_id": STORE, "version": version, "region": "US-MI",
            "currency": "USD", "segment": ENCORE, "label": "Buick Encore", "status": status, "model_year": 2022,
            "quantity": 1, "exit_date": str(TODAY) if status == "wholesaled" else None,
        }
        for number in range(10)
    ]  # fmt: skip
    async with work.begin(tenant) as tx:
        await store.upsert_units(tx.connection, rows)


async def surveyed(work: UnitOfWork, tenant: UUID) -> dict[str, MarketUpdated]:
    """Survey, and give what was published of it by segment."""
    item = await hold(work, SURVEYS, tenant, STORE, "")
    await Surveyor(work, Here()).compute([item])  # type: ignore[arg-type]
    async with work.begin(tenant) as tx:
        rows = await tx.connection.fetch(
            "DELETE FROM outbox WHERE payload IS NOT NULL AND key = $1 RETURNING payload", str(STORE)
        )
    events = [MarketUpdated.model_validate_json(row["payload"]) for row in rows]
    return {event.segment: event for event in events if event.tenant_id == tenant}


async def test_a_segment_of_which_nothing_is_left_is_told_to_be_empty_once(work: UnitOfWork) -> None:
    tenant = uuid4()
    async with work.begin(tenant) as tx:
        await tx.connection.execute("INSERT INTO region VALUES ($1, 'US-MI', 'USD', 1)", tenant)
        await tx.connection.executemany(
            "INSERT INTO listing (tenant_id, region, listing_id, segment, label, price, model_year, first_seen,"
            " last_seen, active) VALUES ($1, 'US-MI', $2, $3, 'Toyota RAV4', 24000, 2022, $4, $5, true)",
            [(tenant, f"L{number}", RAV4, TODAY - timedelta(days=40), TODAY) for number in range(30)],
        )
    await own(work, tenant, 1, "in_stock")
    before = await surveyed(work, tenant)
    assert {segment: event.own_stock for segment, event in before.items()} == {ENCORE: 10, RAV4: 0}
    await own(work, tenant, 2, "wholesaled")
    after = await surveyed(work, tenant)
    told = after[ENCORE]
    assert (told.own_stock, told.active_listings, told.gap, told.gap_reading) == (0, 0, None, None)
    assert told.market_version == before[ENCORE].market_version + 1
    assert ENCORE not in await surveyed(work, tenant)
    await own(work, tenant, 3, "in_stock")
    back = (await surveyed(work, tenant))[ENCORE]
    assert (back.own_stock, back.market_version) == (10, told.market_version + 1)
