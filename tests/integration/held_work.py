"""Work that a test holds as a worker would, whatever else of its queue is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.postgres import WorkItem, WorkTable

if TYPE_CHECKING:
    from uuid import UUID

    from shared.messaging import UnitOfWork


async def hold(work: UnitOfWork, queue: WorkTable, tenant: UUID, dealer: UUID, key: str) -> WorkItem:
    """Mark a key and claim it alone."""
    async with work.begin(tenant) as tx:
        await queue.mark(tx.connection, [(tenant, dealer, key)])
    row = await work.pool.fetchrow(
        "UPDATE work SET claim = gen_random_uuid(), leased_until = now() + interval '1 minute'"
        " WHERE queue = $1 AND tenant_id = $2 AND dealer_id = $3 AND key = $4 RETURNING generation, claim",
        queue.queue,
        tenant,
        dealer,
        key,
    )
    return WorkItem(tenant, dealer, key, row["generation"], row["claim"])
