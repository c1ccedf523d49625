"""Stays as they are stored: what a later batch tells of an earlier stay is kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg

from services.forecast.domain.calendar import monday
from services.forecast.domain.sister_sales import SisterSales
from services.forecast.forecasting import Forecaster
from services.forecast.handlers import SERIES, on_inventory_updated
from services.forecast.store import load_tenant_sales, sales_version, save_regions
from shared.events import InventoryUpdated, VehicleStatus, new_event_id
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool
from tests.integration.held_work import hold

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


async def test_stays_that_a_late_undoing_joins_are_one_row(migrated: str) -> None:
    pool = await create_pool("forecast", PostgresSettings(dsn=migrated))
    work = UnitOfWork(pool, "forecast")
    sold = {"status": VehicleStatus.SOLD, "sale_date": date(2026, 2, 2), "exit_date": date(2026, 2, 2)}
    told = [
        state(1, NORTH, date(2026, 1, 5)).model_copy(update=sold),
        state(2, NORTH, date(2026, 2, 9)),
        state(3, NORTH, date(2026, 1, 5)),
    ]
    rows = []
    try:
        for each in told:
            async with work.begin(TENANT) as tx:
                await on_inventory_updated([each], tx)
            async with work.begin(TENANT) as tx:
                rows.append(await tx.connection.fetch("SELECT n, stocked, left_on, sold FROM stay ORDER BY n"))
    finally:
        await pool.close()
    assert [len(each) for each in rows] == [1, 2, 1]
    assert tuple(rows[-1][0]) == (0, date(2026, 1, 5), None, False)


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
            found = (await load_tenant_sales(tx.connection, date(2026, 1, 1))).lent_to(asks, "")
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
            asking = {michigan: "US", sydney: "AU", unknown: ""}
            lent = {dealer: sales.lent_to(dealer, country) for dealer, country in asking.items()}
        monday = date(2026, 2, 2)
        assert lent == {
            michigan: [SisterSales(ohio, "used", monday, 2), SisterSales(texas, "used", monday, 1)],
            sydney: [],
            unknown: [],
        }
    finally:
        await pool.close()


@dataclass
class Computing:
    """Keeps what the process that forecasts is told of sisters, and forecasts nothing."""

    sisters: list[list[SisterSales]] = field(default_factory=list)

    async def run(self, _: Any, *told: Any) -> list[Any]:
        self.sisters.append(told[-1])
        return []


def sale(tenant: UUID, dealer: UUID, vehicle: str, left: date, region: str = "US-MI") -> InventoryUpdated:
    told = state(1, dealer, left - timedelta(days=30))
    sold = {"status": VehicleStatus.SOLD, "exit_date": left, "vehicle_key": vehicle, "vin": None, "region": region}
    return told.model_copy(update={"tenant_id": tenant, **sold})


async def test_a_rooftop_new_to_a_group_that_was_just_forecast_is_lent_what_the_group_sold(migrated: str) -> None:
    pool = await create_pool("forecast", PostgresSettings(dsn=migrated))
    work, computing = UnitOfWork(pool, "forecast"), Computing()
    forecaster = Forecaster(work, cast("Any", computing))
    ours, theirs, north, south, abroad = (uuid4() for _ in range(5))
    today = datetime.now(UTC).date()
    week = monday(today) - timedelta(weeks=3)

    async def tell(*events: InventoryUpdated) -> None:
        async with work.begin(*{event.tenant_id for event in events}) as tx:
            await on_inventory_updated(list(events), tx)

    async def lent(dealer: UUID) -> list[SisterSales]:
        await forecaster.compute([await hold(work, SERIES, ours, dealer, "used/audi/q3")])
        return computing.sisters[-1]

    try:
        await tell(sale(ours, north, "N1", week), sale(theirs, north, "T1", week))
        assert await lent(north) == []
        in_stock = state(1, south, week).model_copy(update={"tenant_id": ours, "vehicle_key": "S1"})
        await tell(in_stock)  # of which the sales that were read know neither the store nor its country
        assert await lent(south) == [SisterSales(north, "used", week, 1)]
        await tell(sale(ours, south, "S2", week), sale(ours, abroad, "A1", week, "AU-NSW"))
        assert await lent(north) == [SisterSales(south, "used", week, 1)]
        await tell(sale(ours, north, "N2", week), sale(theirs, north, "T2", week))
        assert await lent(south) == [SisterSales(north, "used", week, 2)]
        assert await lent(abroad) == []
    finally:
        await pool.close()


async def test_only_what_changes_the_sales_that_are_lent_changes_their_version_and_only_the_tenants(
    migrated: str,
) -> None:
    pool = await create_pool("forecast", PostgresSettings(dsn=migrated))
    work = UnitOfWork(pool, "forecast")
    ours, theirs, dealer = uuid4(), uuid4(), uuid4()
    today = datetime.now(UTC).date()
    earlier = monday(today) - timedelta(days=1)

    async def version(tenant: UUID) -> int:
        async with work.begin(tenant) as tx:
            return await sales_version(tx.connection)

    async def grew(*events: InventoryUpdated) -> bool:
        before = await version(ours)
        async with work.begin(ours, theirs) as tx:
            await on_inventory_updated(list(events), tx)
        return await version(ours) > before

    try:
        assert not await grew(sale(ours, dealer, "A", today))
        assert await grew(sale(ours, dealer, "B", earlier))
        assert not await grew(sale(ours, dealer, "B", earlier))
        assert not await grew(sale(theirs, dealer, "B", earlier))
        undone = sale(ours, dealer, "B", earlier).model_copy(
            update={"status": VehicleStatus.IN_STOCK, "exit_date": None, "aggregate_version": 2}
        )
        assert await grew(undone)
        assert await grew(sale(ours, dealer, "C", today, "CA-ON")), "the country may be another"
        assert await version(theirs) == 1
    finally:
        await pool.close()


async def test_two_replicas_told_of_one_new_car_at_once_lose_neither_stay(migrated: str) -> None:
    pool = await create_pool("forecast", PostgresSettings(dsn=migrated))
    work, tenant = UnitOfWork(pool, "forecast"), uuid4()
    told = sale(tenant, NORTH, VIN, date(2026, 2, 20))
    after = state(2, SOUTH, date(2026, 2, 24)).model_copy(update={"tenant_id": tenant})
    first_is_in, go = asyncio.Event(), asyncio.Event()

    async def stocked_at_a_sister() -> None:
        async with work.begin(tenant) as tx:
            await on_inventory_updated([after], tx)
            first_is_in.set()
            await go.wait()

    async def sold_before() -> None:
        await first_is_in.wait()
        async with work.begin(tenant) as tx:
            waiting = asyncio.create_task(on_inventory_updated([told], tx))
            done, _ = await asyncio.wait([waiting], timeout=0.5)
            assert not done, "it must wait for the other replica's transaction"
            go.set()
            await waiting

    try:
        async with asyncio.timeout(60):
            first, second = await asyncio.gather(stocked_at_a_sister(), sold_before(), return_exceptions=True)
        assert first is None
        assert isinstance(second, asyncpg.SerializationError), "which the consumer tries again"
        async with work.begin(tenant) as again:
            await on_inventory_updated([told], again)
        async with work.begin(tenant) as tx:
            rows = await tx.connection.fetch("SELECT dealer_id, left_on, sold FROM stay ORDER BY n")
        assert [tuple(row) for row in rows] == [(NORTH, date(2026, 2, 20), True), (SOUTH, None, False)]
    finally:
        await pool.close()
