"""Vehicles as they were published last, read again, and held against all that was ever reported of them."""

from dataclasses import dataclass
from uuid import UUID

from services.inventory import store
from services.inventory.domain import Life, fold
from services.inventory.store import vehicle_of
from services.inventory.translate import inventory_updated, updates
from shared.events import InventoryUpdated
from shared.messaging import Transaction
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


@dataclass(frozen=True, slots=True)
class Refolded:
    """What folding a span of histories anew came to; ``wrong`` and ``missing`` name the vehicles."""

    last: str | None
    checked: int
    wrong: tuple[str, ...]
    missing: tuple[str, ...]


async def refold(tx: Transaction, tenant_id: UUID, span: Span, limit: int, *, mend: bool) -> Refolded:
    """Fold the next histories anew and hold them against the vehicles; where asked, store and publish what differs.

    A vehicle that differs is published under a version that nobody has had, so that every reader takes it.
    """
    connection = tx.connection
    rows = await connection.fetch(
        f"SELECT DISTINCT vehicle_key FROM vehicle_event"  # noqa: S608
        f" WHERE tenant_id = $1 AND {within(BY_KEY)} ORDER BY vehicle_key LIMIT $4",
        tenant_id,
        span.after,
        span.up_to,
        limit,
    )
    keys = [(tenant_id, str(row["vehicle_key"])) for row in rows]
    last = keys[-1][1] if len(keys) == limit else None
    lives = await store.load_lives(connection, keys)
    histories = await store.load_history(connection, keys)
    anew = {key: fold(key[1], None, histories[key]) for key in keys}
    wrong = {key for key in lives if not _same(lives[key], anew[key])}
    missing = {key for key in keys if key not in lives}
    if mend and wrong | missing:
        await store.claim(connection, missing)
        missing -= set(await store.load_lives(connection, missing))  # it was reported of for the first time just now
        # Each batch of reports raised its version by one, and by one more for each stay that ended: never above this.
        most = {key: len(histories[key]) * (len(histories[key]) + 1) for key in missing}
        versions = {key: lives[key].vehicle.version for key in wrong} | most
        mended = {key: anew[key].versioned(version) for key, version in versions.items()}
        await store.save_vehicles(connection, mended)
        await store.save_sales(connection, {key: life.sales for key, life in mended.items()})
        dealers = await store.load_dealers(connection)
        for life in mended.values():
            for event in updates(tenant_id, life, dealers, ()):
                tx.emit(event)
        await tx.flush()
    return Refolded(last, len(keys), tuple(key for _, key in wrong), tuple(key for _, key in missing))


def _same(stored: Life, anew: Life) -> bool:
    version = stored.vehicle.version
    return stored.vehicle == anew.vehicle.altered(version=version) and set(stored.sales) == set(anew.sales)
