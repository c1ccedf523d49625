"""Work under a claim: it is held while it is computed, and stored only if nobody took it over meanwhile."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from shared.postgres.pool import Connection, Pool

LOCK_SECONDS = 2.0
"""How long the renewal of a lease queues for a locked row. Transactions that mark last for tenths of that."""

_HELD = """
    SELECT w.tenant_id, w.dealer_id, w.key, w.claim FROM work w
    JOIN unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[]) AS u(t, d, k, c)
        ON w.tenant_id = t AND w.dealer_id = d AND w.key = k AND w.claim = c
    WHERE w.queue = $1
"""

HELD_IN_ORDER = """
    SELECT t, d, k, c, n
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[]) WITH ORDINALITY AS u(t, d, k, c, n)
    CROSS JOIN LATERAL (
        SELECT 1 FROM work w
        WHERE w.queue = $1 AND w.tenant_id = t AND w.dealer_id = d AND w.key = k AND w.claim = c FOR NO KEY UPDATE
    ) AS held
"""
"""Locks claimed items one after the other in the order given, which is that of ``in_order``: LATERAL and the lock
keep it from becoming a join. So those who mark them and we wait for each other, and do not deadlock."""

_RENEW = f"""
    WITH held AS MATERIALIZED ({_HELD}), free AS MATERIALIZED (
        {_HELD} ORDER BY w.tenant_id, w.dealer_id, w.key FOR NO KEY UPDATE OF w SKIP LOCKED
    ), renewed AS (
        UPDATE work w SET leased_until = now() + make_interval(secs => $6) FROM free f
        WHERE w.queue = $1 AND w.tenant_id = f.tenant_id AND w.dealer_id = f.dealer_id AND w.key = f.key
    )
    SELECT claim FROM held WHERE claim NOT IN (SELECT claim FROM free)
"""  # noqa: S608  # statements of ours


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A piece of work under a claim, and whether it failed so often before that it is tried once an hour only.

    ``waited``: for how many seconds it had been due when it was claimed.
    """

    tenant_id: UUID
    dealer_id: UUID
    key: str
    generation: int
    claim: UUID
    given_up: bool = False
    waited: float = 0.0


def in_order(items: Iterable[WorkItem]) -> list[WorkItem]:
    """Sort claimed items as they are sorted when they are marked."""
    return sorted(items, key=lambda item: str((item.tenant_id, item.dealer_id, item.key)))


class ClaimLostError(Exception):
    """Work whose lease ran out is another's by now, or done by that."""


class Claims:
    """The claims on one named queue in a service's work table."""

    def __init__(self, queue: str) -> None:
        self.queue = queue

    async def renew(self, pool: Pool, items: Sequence[WorkItem], *, lease: float = 120.0) -> list[WorkItem]:
        """Hold claimed items ``lease`` seconds more, from now; those given back or another's stay as they are.

        One that is locked costs the others nothing: it is waited for by itself when they are held. Waited for, since
        what is marked without end is locked whenever one looks; and not for long, since what comes next is held for
        no longer than ``lease``. Gives those that were locked to the last: to be tried again soon.
        """
        rows = await pool.fetch(_RENEW, *self._claimed(items), lease)
        locked, until = {row["claim"] for row in rows}, time.monotonic() + lease / 3
        return [
            item
            for item in items
            if item.claim in locked and (time.monotonic() > until or not await self._renew_in_turn(pool, item, lease))
        ]

    async def _renew_in_turn(self, pool: Pool, item: WorkItem, lease: float) -> bool:
        """Queue for a locked row as those do that mark it; tells whether it came to its turn."""
        try:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("SELECT set_config('lock_timeout', $1, true)", f"{LOCK_SECONDS * 1000:.0f}")
                await connection.execute(
                    "UPDATE work SET leased_until = now() + make_interval(secs => $6) WHERE queue = $1"
                    " AND tenant_id = $2 AND dealer_id = $3 AND key = $4 AND claim = $5",
                    self.queue,
                    item.tenant_id,
                    item.dealer_id,
                    item.key,
                    item.claim,
                    lease,
                )
        except asyncpg.LockNotAvailableError:
            return False
        return True

    async def still_held(self, pool: Pool, items: Sequence[WorkItem]) -> list[WorkItem]:
        """Give those of claimed items that were neither finished nor given back nor taken over since."""
        claims = {row["claim"] for row in await pool.fetch(_HELD, *self._claimed(items))}
        return [item for item in items if item.claim in claims]

    async def hold(self, connection: Connection, items: Sequence[WorkItem]) -> None:
        """Keep claimed items from being taken over until the transaction ends, which stores a part of their result.

        Raises ClaimLostError if another has taken any of them over before.
        """
        held = len(await connection.fetch(HELD_IN_ORDER, *self._claimed(in_order(items))))
        if held < len(items):
            message = f"{len(items) - held} of {len(items)} of {self.queue} taken over, from {items[0].key} on"
            raise ClaimLostError(message)

    def _claimed(self, items: Sequence[WorkItem]) -> tuple[object, ...]:
        """Give what finds claimed items: the queue, and their tenants, dealers, keys and claims."""
        return (
            self.queue,
            [item.tenant_id for item in items],
            [item.dealer_id for item in items],
            [item.key for item in items],
            [item.claim for item in items],
        )
