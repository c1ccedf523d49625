"""The first asking price of a stay, which a later cut must not touch."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

from services.recommend import store
from services.recommend.translate import unit_row
from shared.events import InventoryUpdated, VehicleStatus, new_event_id
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

TENANT, NORTH = uuid4(), uuid4()
VIN = "1M8GDM9AXKP042788"


def state(version: int, price: int | None, *, left: date | None = None) -> InventoryUpdated:
    at = datetime(2026, 3, version, tzinfo=UTC)
    return InventoryUpdated(
        event_id=new_event_id(), occurred_at=at, tenant_id=TENANT, dealer_id=NORTH, aggregate_version=version,
        vehicle_key=VIN, vin=VIN, status=VehicleStatus.SOLD if left else VehicleStatus.IN_STOCK,
        changes=("vehicle.updated",), received_at=at, dealer_name="A store", currency="USD", region="US-MI",
        segment="used/audi/q3", condition="used", make="Audi", model="Q3", model_year=2022, exit_date=left,
        list_price=None if price is None else Decimal(price), stock_date=date(2026, 1, 5),
    )  # fmt: skip


async def test_the_first_price_outlives_cuts_and_ends_with_the_stay(migrated: str) -> None:
    pool = await create_pool("recommend", PostgresSettings(dsn=migrated))
    work = UnitOfWork(pool, "recommend")
    told = [
        (state(1, None), None),
        (state(2, 30_000), 30_000),
        (state(3, 28_500), 30_000),
        (state(4, 28_500, left=date(2026, 3, 4)), 30_000),
        (state(5, 26_000), 26_000),
    ]
    try:
        for event, first in told:
            async with work.begin(TENANT) as tx:
                await store.save_units(tx.connection, [unit_row(event)])
                kept = await tx.connection.fetchval("SELECT first_price FROM unit WHERE vehicle_key = $1", VIN)
            assert kept == first
    finally:
        await pool.close()
