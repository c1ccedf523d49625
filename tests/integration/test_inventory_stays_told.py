"""A vehicle sold and stocked again: every reader hears of the sale, however its reports were batched."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from services.forecast.handlers import on_inventory_updated
from services.inventory.handlers import on_dms_event_received
from shared.events import DmsEventKind, DmsEventReceived, InventoryUpdated, new_event_id
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

VIN = "1M8GDM9AXKP042788"
STORE = uuid4()
LEFT, BACK = date(2026, 3, 20), date(2026, 5, 4)


def reported(tenant: UUID, kind: DmsEventKind, on: date, **told) -> DmsEventReceived:
    at = datetime(on.year, on.month, on.day, 15, tzinfo=UTC)
    return DmsEventReceived(
        event_id=new_event_id(), occurred_at=at, tenant_id=tenant, dealer_id=STORE, source="urn:test",
        source_event_id=f"{kind} {at}", kind=kind, received_at=at, dealer_name="A store", currency="USD",
        region="US-MI", vin=VIN, condition="used", make="Audi", model="Q3", **told,
    )  # fmt: skip


def life(tenant: UUID) -> list[DmsEventReceived]:
    return [
        reported(tenant, DmsEventKind.STOCKED, date(2026, 3, 2), stock_date=date(2026, 3, 2)),
        reported(tenant, DmsEventKind.SOLD, LEFT, sale_date=LEFT),
        reported(tenant, DmsEventKind.STOCKED, BACK, stock_date=BACK),
    ]


class Readers:
    """Inventory, and forecast, which is told what inventory published."""

    def __init__(self, inventory: UnitOfWork, forecast: UnitOfWork) -> None:
        self.tenant = uuid4()
        self._inventory = inventory
        self._forecast = forecast
        self._told = 0

    async def take_in(self, *events: DmsEventReceived) -> list[InventoryUpdated]:
        """Have inventory take in a batch, and forecast what it publishes."""
        async with self._inventory.begin(self.tenant) as tx:
            await on_dms_event_received(events, tx)
        async with self._inventory.begin(self.tenant) as tx:
            rows = await tx.connection.fetch("SELECT payload FROM outbox WHERE topic = 'inventory-updated'")
        mine = [json.loads(row["payload"]) for row in rows]
        states = [InventoryUpdated.model_validate(one) for one in mine if one["tenant_id"] == str(self.tenant)]
        fresh = sorted(states, key=lambda state: state.aggregate_version)[self._told :]
        self._told += len(fresh)
        async with self._forecast.begin(self.tenant) as tx:
            await on_inventory_updated(fresh, tx)
        return fresh

    async def stays(self) -> list[tuple[object, ...]]:
        """Give the stays that forecast knows: stocked, left, and whether that was a sale."""
        async with self._forecast.begin(self.tenant) as tx:
            rows = await tx.connection.fetch("SELECT stocked, left_on, sold FROM stay ORDER BY n")
        return [tuple(row) for row in rows]


@pytest.fixture
async def readers(migrated: str) -> AsyncIterator[Readers]:
    settings = PostgresSettings(dsn=migrated)
    inventory, forecast = await create_pool("inventory", settings), await create_pool("forecast", settings)
    yield Readers(UnitOfWork(inventory, "inventory"), UnitOfWork(forecast, "forecast"))
    await inventory.close()
    await forecast.close()


SOLD_AND_BACK = [(date(2026, 3, 2), LEFT, True), (BACK, None, False)]


@pytest.mark.parametrize("sizes", [(3,), (1, 2), (2, 1), (1, 1, 1)])
async def test_a_sale_counts_however_its_reports_are_batched(readers: Readers, sizes: tuple[int, ...]) -> None:
    events = life(readers.tenant)
    for size in sizes:
        await readers.take_in(*events[:size])
        events = events[size:]
    assert await readers.stays() == SOLD_AND_BACK


async def test_a_sale_reported_after_the_car_was_stocked_again_counts(readers: Readers) -> None:
    stocked, sold, back = life(readers.tenant)
    await readers.take_in(stocked, back)
    assert await readers.stays() == [(BACK, None, False)]
    states = await readers.take_in(sold)
    assert [(state.status.value, state.stock_date, state.aggregate_version) for state in states] == [
        ("sold", date(2026, 3, 2), 2),
        ("in_stock", BACK, 3),
    ]
    assert await readers.stays() == SOLD_AND_BACK


async def test_a_late_price_tells_nothing_anew_of_stays_it_does_not_concern(readers: Readers) -> None:
    await readers.take_in(*life(readers.tenant))
    await readers.take_in(reported(readers.tenant, DmsEventKind.UPDATED, date(2026, 5, 6), list_price="21000"))
    late = reported(readers.tenant, DmsEventKind.UPDATED, date(2026, 5, 5), list_price="22000")
    assert [state.status.value for state in await readers.take_in(late)] == ["in_stock"]
    assert await readers.stays() == SOLD_AND_BACK


async def test_the_newest_report_sent_again_after_its_id_was_forgotten_changes_nothing(readers: Readers) -> None:
    placed = reported(readers.tenant, DmsEventKind.ORDER_PLACED, date(2026, 3, 2), quantity=3, subject="PO-1")
    placed = placed.model_copy(update={"vin": None})
    came = reported(readers.tenant, DmsEventKind.ORDER_RECEIVED, date(2026, 4, 2), subject="PO-1")
    await readers.take_in(placed)
    [order] = [state for state in await readers.take_in(came) if state.vin is None]
    [again] = [state for state in await readers.take_in(came) if state.vin is None]
    assert (order.quantity, again.quantity) == (2, 2)
    assert again.aggregate_version > order.aggregate_version
