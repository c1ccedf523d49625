"""Stays as they are stored: what a later batch tells of an earlier stay is kept."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import uuid4

from services.forecast.domain.sister_sales import SisterSales
from services.forecast.handlers import on_inventory_updated
from services.forecast.store import load_tenant_sales, save_regions
from shared.events import InventoryUpdated, VehicleStatus, new_event_id
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

TENANT, NORTH, SOUTH = uuid4(), uuid4(), uuid4()
VIN = "1M8GDM9AXKP042788"


def state(version: int, dealer, stocked: date) -> InventoryUpdated:
    at = datetime(2026, 3, version, tzinfo=UTC)
    return InventoryUpdated(
        event_id=new_event_id(), occurred_at=at, tenant_id=TENANT, dealer_id=dealer, aggregate_version=version,
        vehicle_key=VIN, vin=VIN, status=VehicleStatus.IN_STOCK, changes=("vehicle.updated",), received_at=at,
        dealer_name="A store", currency="USD", region="US-MI", segment="used/audi/q3", condition="used",
        make="Audi", model="Q3", model_year=2022, stock_date=stocked, group_stock_date=date(2026, 1, 5),
    )  # fmt: skip


async def test_a_car_sent_to_a_sister_in_a_later_batch_has_left_the_store_it_came_from(migrated: str) -> None:
    pool = await create_pool("forecast", PostgresSettings(dsn=migrated))
    work = UnitOfWork(pool, "forecast")
    try:
        for told in (state(1, NORTH, date(2026, 1, 5)), state(2, SOUTH, date(2026, 3, 2))):
            async with work.begin(TENANT) as tx:
                await on_inventory_updated([told], tx)
        async with work.begin(TENANT) as tx:
            stays = await tx.connection.fetch("SELECT dealer_id, stocked, left_on, sold FROM stay ORDER BY n")
        assert [tuple(stay) for stay in stays] == [
            (NORTH, date(2026, 1, 5), date(2026, 3, 2), False),
            (SOUTH, date(2026, 3, 2), None, False),
        ]
    finally:
        await pool.close()


async def test_rooftops_lend_their_sales_to_sisters_of_the_same_tenant_only(migrated: str) -> None:
    pool = await create_pool("forecast", PostgresSettings(dsn=migrated))
    work = UnitOfWork(pool, "forecast")
    ours, theirs, asks, lends = uuid4(), uuid4(), uuid4(), uuid4()
    stays = [
        (lends, "used/mazda/mx-5", date(2026, 2, 4), True, "Convertible"),
        (lends, "used/bmw/z4", date(2026, 2, 8), True, "convertible"),
        (lends, "used/bmw/z4", date(2026, 2, 9), True, None),
        (lends, "used/bmw/z4", date(2025, 2, 9), True, "convertible"),
        (lends, "used/bmw/z4", date(2026, 2, 9), False, "convertible"),
        (asks, "used/bmw/z4", date(2026, 2, 9), True, "convertible"),
    ]
    try:
        for tenant in (ours, theirs):
            async with work.begin(tenant) as tx:
                await tx.connection.executemany(
                    "INSERT INTO stay (tenant_id, vehicle_key, n, dealer_id, version, segment, label, left_on, sold,"
                    " body) VALUES ($1, $2, 0, $3, 1, $4, 'A car', $5, $6, $7)",
                    [(tenant, f"CAR{number}", *stay) for number, stay in enumerate(stays)],
                )
        async with work.begin(ours) as tx:
            found = (await load_tenant_sales(tx.connection, date(2026, 1, 1))).lent_to(asks)
        assert found == [
            SisterSales(lends, "used", date(2026, 2, 9), 1),
            SisterSales(lends, "used/convertible", date(2026, 2, 2), 2),
        ]
    finally:
        await pool.close()


async def test_rooftops_lend_their_sales_within_their_country_and_each_by_itself(migrated: str) -> None:
    pool = await create_pool("forecast", PostgresSettings(dsn=migrated))
    work = UnitOfWork(pool, "forecast")
    tenant = uuid4()
    michigan, ohio, texas, sydney, unknown = sorted(uuid4() for _ in range(5))
    regions = {michigan: "US-MI", ohio: "us-oh", texas: "US", sydney: "AU-NSW"}
    day = date(2026, 2, 4)
    try:
        async with work.begin(tenant) as tx:
            await save_regions(tx.connection, {(tenant, dealer): region for dealer, region in regions.items()})
            await tx.connection.executemany(
                "INSERT INTO stay (tenant_id, vehicle_key, n, dealer_id, version, segment, label, left_on, sold)"
                " VALUES ($1, $2, 0, $3, 1, 'used/bmw/z4', 'A car', $4, true)",
                [
                    (tenant, f"CAR{number}", dealer, day)
                    for number, dealer in enumerate((michigan, ohio, ohio, texas, sydney, unknown))
                ],
            )
        async with work.begin(tenant) as tx:
            sales = await load_tenant_sales(tx.connection, date(2026, 1, 1))
            lent = {dealer: sales.lent_to(dealer) for dealer in (michigan, sydney, unknown)}
        monday = date(2026, 2, 2)
        assert lent == {
            michigan: [SisterSales(ohio, "used", monday, 2), SisterSales(texas, "used", monday, 1)],
            sydney: [],
            unknown: [],
        }
    finally:
        await pool.close()
