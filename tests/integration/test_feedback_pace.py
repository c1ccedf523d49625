"""How often a rooftop is judged: soon after what happened, seldom while much does, and to the same end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.feedback import store
from services.feedback.handlers import DELAY, on_inventory_updated
from shared import events
from shared.events import InventoryUpdated
from shared.messaging import UnitOfWork
from tests.integration import judged_rooftop
from tests.integration.judged_rooftop import NORTH, NOW, advice, judge, outcomes, sold

EXAMPLE = Path(events.__file__).parent / "examples" / "inventory-updated" / "v1" / "sold.json"
STEPS = 10

work, tenant = judged_rooftop.work, judged_rooftop.tenant


async def seconds_to_go(work: UnitOfWork, tenant: UUID, version: int) -> float:
    """Have something happen to a vehicle of the rooftop; gives in how many seconds it is to be judged then."""
    told = InventoryUpdated.model_validate_json(EXAMPLE.read_bytes())
    changes = {"event_id": uuid4(), "tenant_id": tenant, "dealer_id": NORTH, "aggregate_version": version}
    async with work.begin(tenant) as tx:
        await on_inventory_updated([told.model_copy(update=changes)], tx)
        # As of the transaction's time, which is that of the mark.
        return float(
            await tx.connection.fetchval(
                "SELECT extract(epoch FROM due_at - now()) FROM work WHERE tenant_id = $1", tenant
            )
        )


@pytest.mark.parametrize(("busy_for", "is_due"), [(30, False), (70, True)])
async def test_a_busy_rooftop_is_left_to_gather_for_a_minute(
    work: UnitOfWork, tenant: UUID, busy_for: int, is_due: bool
) -> None:
    assert await seconds_to_go(work, tenant, 1) == DELAY
    await work.pool.execute(
        "UPDATE work SET latest_at = latest_at - make_interval(secs => $2) WHERE tenant_id = $1",
        tenant,
        float(busy_for),
    )
    left = await seconds_to_go(work, tenant, 2)
    assert left <= 0 if is_due else left == DELAY


async def followed(work: UnitOfWork, *, at_every_step: bool) -> list[dict[str, Any]]:
    """Give what comes of advice on three vehicles to which much happens, judged all along or once at the end."""
    tenant = uuid4()
    told = [advice(tenant, 20, f"V{n}", recommendation_id=UUID(int=n)) for n in range(3)]
    told.append(advice(tenant, 20, "V0", action=events.Action.WHOLESALE, recommendation_id=UUID(int=3)))
    async with work.begin(tenant) as tx:
        await store.save_advice(tx.connection, told)
    for step in range(STEPS):
        async with work.begin(tenant) as tx:
            await store.save_states(tx.connection, [state(tenant, n, step) for n in range(3)])
        if at_every_step or step == STEPS - 1:
            await judge(work, tenant)
    found = await outcomes(work, tenant)
    return [{**found[key], "version": None} for key in sorted(found)]


def state(tenant: UUID, vehicle: int, step: int) -> dict[str, Any]:
    """Give the first vehicle repriced and sold, the second besides unsold and sold again, the third only repriced."""
    came, left = sold(tenant, f"V{vehicle}", 14)
    is_sold = (vehicle == 0 and step > 6) or (vehicle == 1 and step in (5, 9))
    price = 19_000 if step == 4 + vehicle else 20_000 - 90 * step
    on = (NOW - timedelta(days=19 - step)).date()
    return {**(left if is_sold else came), "version": step + 1, "list_price": price, "priced_on": on}


async def test_what_is_judged_once_ends_as_what_is_judged_at_every_step(work: UnitOfWork) -> None:
    once = await followed(work, at_every_step=False)
    assert once == await followed(work, at_every_step=True)
    assert {each["kind"] for each in once} == {"sold", "unsold"}
