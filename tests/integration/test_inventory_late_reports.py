"""Reports that come late, of many vehicles at once: each life is told anew, and few histories are held at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from services.inventory import store
from services.inventory.handlers import on_dms_event_received
from shared.events import DmsEventKind, DmsEventReceived, new_event_id
from tests.integration import inventory_work

if TYPE_CHECKING:
    import pytest

    from shared.messaging import UnitOfWork

STORE = uuid4()
VEHICLES = [f"1M8GDM9AXKP{number:06}" for number in range(230)]
AT_ONCE = 100
work = inventory_work.work


def reported(tenant: UUID, vin: str, kind: DmsEventKind, day: int, **told: Any) -> DmsEventReceived:
    at = datetime(2026, 3, day, 15, tzinfo=UTC)
    return DmsEventReceived(
        event_id=new_event_id(), occurred_at=at, tenant_id=tenant, dealer_id=STORE, source="urn:test",
        source_event_id=f"{vin} {kind} {at}", kind=kind, received_at=at, dealer_name="A store", currency="USD",
        region="US-MI", vin=vin, make="Audi", model="Q3", **told,
    )  # fmt: skip


async def test_many_late_reports_in_one_batch_each_find_their_place(
    work: UnitOfWork,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tenant, held, load_history = uuid4(), list[int](), store.load_history

    async def watched(connection: Any, keys: Any) -> Any:
        held.append(len(keys))
        return await load_history(connection, keys)

    monkeypatch.setattr(store, "load_history", watched)

    async def take_in(kind: DmsEventKind, day: int, **told: Any) -> None:
        async with work.begin(tenant) as tx:
            await on_dms_event_received([reported(tenant, vin, kind, day, **told) for vin in VEHICLES], tx)

    await take_in(DmsEventKind.STOCKED, 2, stock_date="2026-03-02", odometer=9_000)
    await take_in(DmsEventKind.PRICED, 6, list_price="21000")
    assert not held, "nothing was late yet"
    await take_in(DmsEventKind.UPDATED, 4, list_price="22000", odometer=10_000)
    assert sum(held) == len(VEHICLES)
    assert max(held) <= AT_ONCE
    async with work.begin(tenant) as tx:
        rows = await tx.connection.fetch("SELECT vehicle_key, list_price, odometer, version FROM vehicle")
    assert {row["vehicle_key"] for row in rows} == set(VEHICLES)
    assert {(row["list_price"], row["odometer"], row["version"]) for row in rows} == {(Decimal(21_000), 10_000, 3)}
