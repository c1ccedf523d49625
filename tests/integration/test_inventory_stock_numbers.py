"""A stock number that is used again means the vehicle that came in with it last, however reports are batched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.inventory.handlers import on_dms_event_received
from shared.events import DmsEventKind, DmsEventReceived, new_event_id
from shared.messaging import UnitOfWork
from tests.integration import inventory_work

work = inventory_work.work
FIRST, SECOND, NUMBER = "1M8GDM9AXKP042788", "1FTEW1EP3MKD90117", "A100"
TENANT, STORE = uuid4(), uuid4()


def reported(kind: DmsEventKind, day: int, vin: str | None = None, **told: Any) -> DmsEventReceived:
    at = datetime(2026, 3, day, 15, tzinfo=UTC)
    return DmsEventReceived(
        event_id=new_event_id(), occurred_at=at, tenant_id=TENANT, dealer_id=STORE, source="urn:test",
        source_event_id=f"{kind} {at}", kind=kind, received_at=at, dealer_name="A store", currency="USD",
        region="US-MI", **{"vin": vin, "stock_number": NUMBER, "make": "Audi", "model": "Q3", **told},
    )  # fmt: skip


async def take_in(work: UnitOfWork, events: Sequence[DmsEventReceived], sizes: Sequence[int]) -> None:
    async with work.begin(TENANT) as tx:
        await tx.connection.execute("DELETE FROM vehicle; DELETE FROM vehicle_event; DELETE FROM sale")
    for size in sizes:
        async with work.begin(TENANT) as tx:
            await on_dms_event_received(events[:size], tx)
        events = events[size:]


async def stands(work: UnitOfWork) -> dict[str, tuple[str, int]]:
    async with work.begin(TENANT) as tx:
        rows = await tx.connection.fetch("SELECT vehicle_key, status, quantity FROM vehicle")
    return {row["vehicle_key"].split(":")[-1]: (row["status"], row["quantity"]) for row in rows}


@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (1, 1, 2), (1, 3), (2, 2), (4,)])
async def test_a_number_used_again_means_the_vehicle_that_came_in_with_it_last(
    work: UnitOfWork, sizes: tuple[int, ...]
) -> None:
    events = [
        reported(DmsEventKind.STOCKED, 1, FIRST),
        reported(DmsEventKind.SOLD, 3),
        reported(DmsEventKind.STOCKED, 9, SECOND),
        reported(DmsEventKind.SOLD, 20),
    ]
    await take_in(work, events, sizes)
    async with work.begin(TENANT) as tx:
        rows = await tx.connection.fetch("SELECT vehicle_key, sale_date FROM sale ORDER BY sale_date")
    assert [(row["vehicle_key"], row["sale_date"].day) for row in rows] == [(FIRST, 3), (SECOND, 20)]


@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 1), (3,)])
async def test_the_car_with_an_orders_number_is_what_was_ordered(work: UnitOfWork, sizes: tuple[int, ...]) -> None:
    events = [
        reported(DmsEventKind.ORDER_PLACED, 1),
        reported(DmsEventKind.STOCKED, 20, FIRST),
        reported(DmsEventKind.STOCKED, 21, FIRST),
    ]
    await take_in(work, events, sizes)
    assert await stands(work) == {NUMBER: ("departed", 1), FIRST: ("in_stock", 1)}


async def test_an_order_of_several_is_closed_by_its_own_number_alone(work: UnitOfWork) -> None:
    events = [
        reported(DmsEventKind.ORDER_PLACED, 1, quantity=3, subject="PO-1"),
        reported(DmsEventKind.STOCKED, 20, FIRST),
        reported(DmsEventKind.ORDER_RECEIVED, 21, SECOND, subject="PO-1", stock_number="A101"),
    ]
    await take_in(work, events, (1, 1, 1))
    assert await stands(work) == {"PO-1": ("on_order", 2), FIRST: ("in_stock", 1), SECOND: ("in_stock", 1)}


@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (2, 2), (4,)])
async def test_a_car_that_stands_closes_no_order_night_after_night(work: UnitOfWork, sizes: tuple[int, ...]) -> None:
    events = [
        reported(DmsEventKind.ORDER_PLACED, 1, quantity=2, subject="PO-1"),
        reported(DmsEventKind.ORDER_RECEIVED, 20, FIRST, subject="PO-1"),
        reported(DmsEventKind.STOCKED, 21, FIRST),
        reported(DmsEventKind.STOCKED, 22, FIRST),
    ]
    await take_in(work, events, sizes)
    assert await stands(work) == {"PO-1": ("on_order", 1), FIRST: ("in_stock", 1)}


@pytest.mark.parametrize("sizes", [(1, 1, 1), (3,)])
async def test_a_number_of_another_car_is_no_order_of_that_name(work: UnitOfWork, sizes: tuple[int, ...]) -> None:
    events = [
        reported(DmsEventKind.ORDER_PLACED, 1, subject=NUMBER, stock_number="B7"),
        reported(DmsEventKind.STOCKED, 20, FIRST),
        reported(DmsEventKind.STOCKED, 21, FIRST),
    ]
    await take_in(work, events, sizes)
    assert await stands(work) == {NUMBER: ("on_order", 1), FIRST: ("in_stock", 1)}


@pytest.mark.parametrize("sizes", [(1, 1), (2,)])
async def test_an_order_that_gets_a_vin_is_on_order_once(work: UnitOfWork, sizes: tuple[int, ...]) -> None:
    events = [reported(DmsEventKind.ORDER_PLACED, 1), reported(DmsEventKind.ORDER_PLACED, 9, FIRST)]
    await take_in(work, events, sizes)
    assert await stands(work) == {NUMBER: ("departed", 1), FIRST: ("on_order", 1)}


@pytest.mark.parametrize("kind", [DmsEventKind.SOLD, DmsEventKind.STOCKED])
async def test_what_an_order_cannot_do_is_refused(work: UnitOfWork, kind: DmsEventKind) -> None:
    await take_in(work, [reported(DmsEventKind.ORDER_PLACED, 1)], (1,))
    with pytest.raises(LookupError, match="no vehicle with stock number 'A100'"):
        async with work.begin(TENANT) as tx:
            await on_dms_event_received([reported(kind, 9)], tx)
    assert await stands(work) == {NUMBER: ("on_order", 1)}


@pytest.mark.parametrize("sizes", [(1, 1), (2,)])
async def test_an_order_is_cancelled_by_the_number_it_was_placed_under(
    work: UnitOfWork, sizes: tuple[int, ...]
) -> None:
    events = [
        reported(DmsEventKind.ORDER_PLACED, 1, subject="PO-1", stock_number=None),
        reported(DmsEventKind.DEPARTED, 5, subject="PO-1", stock_number=None),
    ]
    await take_in(work, events, sizes)
    assert await stands(work) == {"PO-1": ("departed", 1)}
