"""What the sales of half a year came to, as purchases are expected from it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from services.recommend import store
from services.recommend.handlers import on_inventory_updated
from services.recommend.translate import book_of
from shared.events import InventoryUpdated, new_event_id
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

SOLD = Path(__file__).parents[2] / "shared" / "events" / "examples" / "inventory-updated" / "v1" / "sold.json"
SINCE, TODAY = date(2025, 9, 12), date(2026, 3, 11)


@pytest.fixture
async def work(migrated: str) -> AsyncIterator[UnitOfWork]:
    pool = await create_pool("recommend", PostgresSettings(dsn=migrated))
    yield UnitOfWork(pool, "recommend")
    await pool.close()


def sold(tenant: UUID, key: str, **facts: object) -> InventoryUpdated:
    """Give the sale of a pickup of 2021 with 42,380 miles, on 11 March 2026."""
    own = {"event_id": str(new_event_id()), "tenant_id": str(tenant), "vehicle_key": key}
    return InventoryUpdated.model_validate({**json.loads(SOLD.read_text()), **own, **facts})


async def test_a_segments_history_knows_which_cars_it_is_of(work: UnitOfWork) -> None:
    tenant = uuid4()
    events = [
        sold(tenant, "ONE"),
        sold(tenant, "TWO", model_year=2023, odometer=20_000, odometer_unit="km", trim=None, condition="certified"),
        sold(tenant, "UNDRIVEN", odometer=None, trim="Raptor", cost="50000.00"),
        sold(tenant, "COSTLESS", cost=None, recon_cost=None, trim="King Ranch"),
        sold(tenant, "UNTOLD", segment="used/kia/rio", condition=None),
        sold(tenant, "NEW", segment="new/ford/f150", condition="new", model_year=None),
    ]
    async with work.begin(tenant) as tx:
        await on_inventory_updated(events, tx)
    async with work.begin(tenant) as tx:
        rooftops = await store.rooftops(tx.connection)
        grosses = await store.grosses(tx.connection, SINCE)
    found = {each.scope: each for each in book_of(tenant, rooftops, [], [], [], grosses, TODAY).grosses}

    assert set(found) == {"used/ford/f150", "used/kia/rio", "used", "new/ford/f150", "new"}
    untold = found["used/kia/rio"].typical
    assert untold is not None
    assert untold.certified == 0.0
    pickup = found["used/ford/f150"]
    assert pickup.n == 4
    assert pickup.average_cost == pytest.approx((2 * (27_350 + 1_180) + 50_000 + 1_180) / 3)
    assert pickup.typical is not None
    assert pickup.typical.went_for == pytest.approx(27_350 + 1_180 + 3_360)
    ages = [(TODAY - date(year, 1, 1)).days / 365.25 for year in (2021, 2023)]
    assert pickup.typical.years == pytest.approx(sum(ages) / 2)
    assert pickup.typical.odometer_km == pytest.approx((round(42_380 * 1.609344) + 20_000) / 2)
    assert pickup.typical.certified == 0.5
    assert sorted(pickup.typical.trims, key=str) == [None, "XLT SuperCrew 4x4"]
    assert [found[scope].typical for scope in ("used", "new/ford/f150", "new")] == [None, None, None]
