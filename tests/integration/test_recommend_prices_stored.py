"""Asking prices on their way from what was reported to the lives that advice is learned from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest

from services.inventory.domain import Dealer, Life, fold
from services.inventory.translate import change_of, inventory_updated
from services.recommend import store
from services.recommend.domain import UnitLife
from services.recommend.handlers import on_inventory_updated
from services.recommend.packs import unpacked
from services.recommend.translate import lives_of, stored_document
from shared.events import DmsEventReceived, InventoryUpdated, new_event_id
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

VIN = "1M8GDM9AXKP042788"
STORE = UUID(int=7)
SINCE = date(2025, 6, 1)


def reported(tenant: UUID, day: int, kind: str, **facts: object) -> DmsEventReceived:
    at = datetime(2026, 1, day, 12, tzinfo=UTC)
    return DmsEventReceived.model_validate({
        "event_id": new_event_id(), "occurred_at": at, "tenant_id": tenant, "dealer_id": STORE, "kind": kind,
        "source": "urn:dms", "source_event_id": f"{day}", "subject": VIN, "received_at": at, "dealer_name": "A store",
        "currency": "USD", "region": "US-MI", "timezone": "America/Detroit", "vin": VIN, "condition": "used",
        "make": "Audi", "model": "Q3", **facts,
    })  # fmt: skip


def states(tenant: UUID, *reports: DmsEventReceived) -> list[InventoryUpdated]:
    """Fold reports one by one, as inventory does, and publish after each."""
    life: Life | None = None
    published = []
    for version, report in enumerate(reports, 1):
        change = change_of(report)
        life = fold(VIN, life, [change])
        vehicle = life.vehicle.altered(version=version)
        dealers = {STORE: Dealer(tenant, STORE, "A store", "USD", "US-MI")}
        published.append(inventory_updated(tenant, vehicle, dealers, [change]))
    return [InventoryUpdated.model_validate_json(event.model_dump_json()) for event in published]


@pytest.fixture
async def work(migrated: str) -> AsyncIterator[UnitOfWork]:
    pool = await create_pool("recommend", PostgresSettings(dsn=migrated))
    yield UnitOfWork(pool, "recommend")
    await pool.close()


async def life_after(work: UnitOfWork, tenant: UUID, *batches: list[InventoryUpdated]) -> UnitLife:
    for batch in batches:
        async with work.begin(tenant) as tx:
            await on_inventory_updated(batch, tx)
    async with work.begin(tenant) as tx:
        packs = await store.lives(tx.connection, SINCE)
    (found,) = [life for rows in unpacked(packs) for life in lives_of([stored_document(row) for row in rows])]
    return found


def stay(tenant: UUID) -> list[InventoryUpdated]:
    return states(
        tenant,
        reported(tenant, 7, "vehicle.stocked", stock_date="2026-01-05", list_price="30000.00"),
        reported(tenant, 12, "vehicle.priced", list_price="29000.00"),
        reported(tenant, 19, "vehicle.priced", list_price="28500.00"),
        reported(tenant, 25, "vehicle.sold", sale_date="2026-01-25", sale_price="28000.00", list_price="28000.00"),
    )


async def test_a_life_has_every_price_that_was_asked_from_the_day_it_was_known(work: UnitOfWork) -> None:
    tenant = uuid4()
    life = await life_after(work, tenant, *([event] for event in stay(tenant)))
    asked = ((date(2026, 1, 7), 30_000.0), (date(2026, 1, 12), 29_000.0), (date(2026, 1, 19), 28_500.0))
    assert (life.prices, life.sold, life.left) == (asked, True, date(2026, 1, 25))
    assert life.unit.first_price == 30_000.0


async def test_what_comes_late_twice_or_all_at_once_ends_the_same(work: UnitOfWork) -> None:
    orderly, at_once, mixed = uuid4(), uuid4(), uuid4()
    wanted = await life_after(work, orderly, *([event] for event in stay(orderly)))
    told = stay(mixed)
    assert (await life_after(work, at_once, stay(at_once))).prices == wanted.prices
    assert (await life_after(work, mixed, told[2:], told[:2], told[1:3])).prices == wanted.prices


async def test_a_sale_from_a_file_of_past_sales_tells_no_price_that_was_asked(work: UnitOfWork) -> None:
    tenant = uuid4()
    sale = reported(
        tenant, 25, "vehicle.sold", stock_date="2025-12-01", sale_date="2026-01-25", sale_price="27500.00",
        list_price="28000.00",
    )  # fmt: skip
    life = await life_after(work, tenant, states(tenant, sale))
    assert (life.prices, life.sold, life.unit.list_price) == ((), True, 28_000.0)
