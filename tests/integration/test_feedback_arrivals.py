"""What came in, and since when it had been on order, on a real database."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from services.feedback import store
from tests.integration import judged_rooftop
from tests.integration.judged_rooftop import NORTH, NOW

if TYPE_CHECKING:
    from uuid import UUID

    from shared.messaging import UnitOfWork

SEGMENT = "new/ford/f150"
TODAY = NOW.date()
work, tenant = judged_rooftop.work, judged_rooftop.tenant


def state(tenant: UUID, key: str, version: int, days_ago: int, status: str, **told: Any) -> dict[str, Any]:
    return {
        "tenant_id": tenant, "vehicle_key": key, "version": version, "dealer_id": NORTH, "segment": SEGMENT,
        "at": NOW - timedelta(days=days_ago), "status": status, **told,
    }  # fmt: skip


async def test_what_came_is_told_with_the_day_it_was_ordered_on(work: UnitOfWork, tenant: UUID) -> None:
    came = {"stock_date": TODAY - timedelta(days=5), "group_stock_date": TODAY - timedelta(days=5)}
    gone = {**came, "exit_date": TODAY - timedelta(days=1), "front_gross": 900}
    rows = [
        state(tenant, "ORDERED", 1, 60, "on_order"), state(tenant, "ORDERED", 2, 50, "on_order"),
        state(tenant, "ORDERED", 3, 5, "in_stock", **came), state(tenant, "ORDERED", 4, 1, "sold", **gone),
        state(tenant, "TRADED", 1, 5, "in_stock", **came),
        state(tenant, "BACK", 1, 900, "on_order"), state(tenant, "BACK", 2, 5, "in_stock", **came),
        state(tenant, "COMING", 1, 9, "on_order"),
        state(uuid4(), "ORDERED", 1, 300, "on_order"),
    ]  # fmt: skip
    async with work.begin(*{row["tenant_id"] for row in rows}) as tx:
        await store.save_states(tx.connection, rows)
    async with work.begin(tenant) as tx:
        found = await store.arrivals(tx.connection, NORTH, {SEGMENT}, TODAY - timedelta(days=30))
    stood = (SEGMENT, came["stock_date"])
    assert sorted(found, key=lambda each: each[0]) == [
        ("BACK", *stood, None, None, False, None),
        ("ORDERED", *stood, TODAY - timedelta(days=1), 900.0, True, TODAY - timedelta(days=60)),
        ("TRADED", *stood, None, None, False, None),
    ]
