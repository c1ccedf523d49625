"""The moves of asking prices: kept in whatever order they are told, one tenant's apart from another's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from services.recommend import store
from services.recommend.domain import UnitLife
from services.recommend.handlers import on_inventory_updated
from services.recommend.translate import lives_of, stored_document
from shared.events import InventoryUpdated, VehicleStatus, new_event_id
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

VIN = "1M8GDM9AXKP042788"
CAME = date(2026, 1, 5)
SINCE = date(2025, 6, 1)


def state(
    tenant: UUID, version: int, price: int, moved: date | None, *, left: date | None = None, came: date = CAME
) -> InventoryUpdated:
    at = datetime(2026, 3, version, tzinfo=UTC)
    return InventoryUpdated(
        event_id=new_event_id(), occurred_at=at, tenant_id=tenant, dealer_id=UUID(int=7), aggregate_version=version,
        vehicle_key=VIN, vin=VIN, status=VehicleStatus.SOLD if left else VehicleStatus.IN_STOCK,
        changes=("vehicle.updated",), received_at=at, dealer_name="A store", currency="USD", region="US-MI",
        segment="used/audi/q3", condition="used", make="Audi", model="Q3", model_year=2022, exit_date=left,
        list_price=Decimal(price), priced_on=moved, stock_date=came, group_stock_date=came,
    )  # fmt: skip


@pytest.fixture
async def work(migrated: str) -> AsyncIterator[UnitOfWork]:
    pool = await create_pool("recommend", PostgresSettings(dsn=migrated))
    yield UnitOfWork(pool, "recommend")
    await pool.close()


async def told(work: UnitOfWork, *events: InventoryUpdated) -> None:
    async with work.begin(events[0].tenant_id) as tx:
        await on_inventory_updated(events, tx)


async def life(work: UnitOfWork, tenant: UUID) -> UnitLife:
    async with work.begin(tenant) as tx:
        (found,) = lives_of([stored_document(row) for row in await store.lives(tx.connection, SINCE)])
    return found


async def test_a_life_has_the_first_price_and_every_move(work: UnitOfWork) -> None:
    tenant = uuid4()
    cut, deeper = date(2026, 1, 25), date(2026, 2, 10)
    await told(work, state(tenant, 1, 30_000, None))
    assert (await life(work, tenant)).prices == ((CAME, 30_000.0),)
    await told(work, state(tenant, 2, 29_000, cut), state(tenant, 3, 28_000, deeper))
    await told(work, state(tenant, 4, 28_000, deeper, left=date(2026, 2, 20)))
    found = await life(work, tenant)
    assert found.prices == ((CAME, 30_000.0), (cut, 29_000.0), (deeper, 28_000.0))
    assert (found.sold, found.left) == (True, date(2026, 2, 20))


async def test_what_is_told_late_or_twice_changes_nothing_newer(work: UnitOfWork) -> None:
    tenant, cut = uuid4(), date(2026, 1, 25)
    first, wrong, right = state(tenant, 1, 30_000, None), state(tenant, 2, 2_900, cut), state(tenant, 3, 29_000, cut)
    await told(work, first)
    for event in (right, wrong, right):
        await told(work, event)
    assert (await life(work, tenant)).prices == ((CAME, 30_000.0), (cut, 29_000.0))


async def test_prices_of_an_earlier_stay_are_not_this_ones(work: UnitOfWork) -> None:
    tenant, back = uuid4(), date(2026, 2, 20)
    await told(work, state(tenant, 1, 30_000, None))
    await told(work, state(tenant, 2, 29_000, date(2026, 1, 25)))
    await told(work, state(tenant, 3, 29_000, date(2026, 1, 25), left=date(2026, 2, 1)))
    await told(work, state(tenant, 4, 27_500, date(2026, 2, 20), came=back))
    assert (await life(work, tenant)).prices == ((back, 27_500.0),)


async def test_a_unit_first_heard_of_after_a_cut_is_known_from_the_cut(work: UnitOfWork) -> None:
    tenant, cut = uuid4(), date(2026, 1, 25)
    await told(work, state(tenant, 5, 29_000, cut))
    assert (await life(work, tenant)).prices == ((cut, 29_000.0),)


async def test_the_same_car_of_two_tenants_has_its_prices_apart(work: UnitOfWork) -> None:
    mine, theirs, cut = uuid4(), uuid4(), date(2026, 1, 25)
    for tenant, price in ((mine, 30_000), (theirs, 90_000)):
        await told(work, state(tenant, 1, price, None))
        await told(work, state(tenant, 2, price - 1_000, cut))
    assert (await life(work, mine)).prices == ((CAME, 30_000.0), (cut, 29_000.0))
    assert (await life(work, theirs)).prices == ((CAME, 90_000.0), (cut, 89_000.0))
    async with work.begin(mine) as tx:
        seen = await tx.connection.fetchval("SELECT count(*) FROM unit_price")
        changed = await tx.connection.execute("DELETE FROM unit_price WHERE tenant_id = $1", theirs)
    assert (seen, changed) == (1, "DELETE 0")
