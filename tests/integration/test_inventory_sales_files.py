"""A sales file that corrects another one, in the ledger: whichever day it moves a sale to, and batch by batch."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from services.inventory.handlers import on_dms_event_received
from shared.events import DmsEventKind, DmsEventReceived, new_event_id
from shared.messaging import UnitOfWork
from tests.integration import inventory_work

work = inventory_work.work
VIN = "1M8GDM9AXKP042788"
STORE = uuid4()


def row(tenant: UUID, day: int, filed: int, price: str) -> DmsEventReceived:
    """Report a sale on a day of March, by a row of a file that was handed in on another."""
    filed_at = datetime(2026, 3, filed, 9, 30, 15, 123456, tzinfo=UTC)
    return DmsEventReceived(
        event_id=new_event_id(), occurred_at=datetime(2026, 3, day, 23, 59, tzinfo=UTC), tenant_id=tenant,
        dealer_id=STORE, source="urn:test", source_event_id=f"{day} {filed}", kind=DmsEventKind.SOLD,
        received_at=datetime(2026, 3, filed, 10, tzinfo=UTC), dealer_name="A store", currency="USD", region="US-MI",
        vin=VIN, make="Audi", model="Q3", cost=Decimal(17_000), sale_price=Decimal(price),
        sale_date=date(2026, 3, day), reported_on=date(2026, 3, day), filed_at=filed_at,
    )  # fmt: skip


@pytest.mark.parametrize("day", [3, 10, 12])
@pytest.mark.parametrize("together", [False, True])
async def test_the_file_handed_in_later_holds(work: UnitOfWork, day: int, *, together: bool) -> None:
    tenant = uuid4()
    wrong, right = row(tenant, 10, 15, "20000"), row(tenant, day, 22, "21500")
    for batch in ([wrong, right],) if together else ([wrong], [right], [wrong]):
        async with work.begin(tenant) as tx:
            await on_dms_event_received(batch, tx)
    async with work.begin(tenant) as tx:
        sales = await tx.connection.fetch("SELECT sale_date, sale_price, front_gross, filed_at FROM sale")
        [vehicle] = await tx.connection.fetch("SELECT status, sale_date, exit_date FROM vehicle")
    assert [tuple(sale) for sale in sales] == [(date(2026, 3, day), 21_500, 4_500, right.filed_at)]
    assert tuple(vehicle) == ("sold", date(2026, 3, day), date(2026, 3, day))
