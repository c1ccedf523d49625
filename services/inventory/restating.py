"""Vehicles as they were published last, read again: what copies elsewhere are held against."""

from uuid import UUID

from services.inventory import store
from services.inventory.store import vehicle_of
from services.inventory.translate import inventory_updated
from shared.events import InventoryUpdated
from shared.postgres.pool import Connection
from shared.postgres.spans import Span, within

BY_KEY = {"vehicle_key": "text"}


async def vehicles(connection: Connection, tenant_id: UUID, span: Span) -> list[InventoryUpdated]:
    """Give the state of each vehicle of a span; what the last change was is not kept, so ``changes`` is empty."""
    dealers = await store.load_dealers(connection)
    rows = await connection.fetch(
        f"SELECT * FROM vehicle WHERE tenant_id = $1 AND {within(BY_KEY)} ORDER BY vehicle_key",  # noqa: S608
        tenant_id,
        span.after,
        span.up_to,
    )
    return [inventory_updated(tenant_id, vehicle_of(row), dealers, ()) for row in rows]
