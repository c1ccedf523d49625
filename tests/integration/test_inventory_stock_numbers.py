"""A stock number that is used again means the vehicle that came in with it last, however reports are batched."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.inventory.handlers import on_dms_event_received
from shared.events import DmsEventKind, DmsEventReceived, new_event_id
from shared.messaging import UnitOfWork
from tests.integration import inventory_work

work = inventory_work.work
FIRST, SECOND, NUMBER = "1M8GDM9AXKP042788", "1FTEW1EP3MKD90117", "A100"
TENANT, STORE = uuid4(), uuid4()


def reported(kind: DmsEventKind, day: int, vin: str | None = None) -> DmsEventReceived:
    at = datetime(2026, 3, day, 15, tzinfo=UTC)
    return DmsEventReceived(
        event_id=new_event_id(), occurred_at=at, tenant_id=TENANT, dealer_id=STORE, source="urn:test",
        source_event_id=f"{kind} {at}", kind=kind, received_at=at, dealer_name="A store", currency="USD",
        region="US-MI", vin=vin, stock_number=NUMBER, make="Audi", model="Q3",
    )  # fmt: skip


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
    async with work.begin(TENANT) as tx:
        await tx.connection.execute("DELETE FROM vehicle; DELETE FROM vehicle_event; DELETE FROM sale")
    for size in sizes:
        async with work.begin(TENANT) as tx:
            await on_dms_event_received(events[:size], tx)
        events = events[size:]
    async with work.begin(TENANT) as tx:
        rows = await tx.connection.fetch("SELECT vehicle_key, sale_date FROM sale ORDER BY sale_date")
    assert [(row["vehicle_key"], row["sale_date"].day) for row in rows] == [(FIRST, 3), (SECOND, 20)]
