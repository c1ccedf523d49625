"""Forgetting what was told: by age, and by number, so that a busy tenant cannot fill the disk."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from services.gateway.store import live as store
from shared.messaging import UnitOfWork
from shared.messaging.failures import passing

EVERY_SECONDS: Final = 60.0
SLICE = 5_000
_log = structlog.stdlib.get_logger("doso.live", service="gateway")


class Purge:
    """Keeps what was told for so many hours, and at most so many rows of each tenant."""

    def __init__(self, work: UnitOfWork, *, hours: float, rows: int) -> None:
        self._work = work
        self._hours = hours
        self._rows = rows

    async def run(self) -> None:
        """Purge once a minute until cancelled; several processes that do so do no harm."""
        while True:
            try:
                await self.once(datetime.now(UTC))
            except Exception as error:
                if not passing(error):
                    raise
                _log.warning("nothing purged", error_class=type(error).__name__)
            await asyncio.sleep(EVERY_SECONDS)

    async def once(self, now: datetime) -> int:
        """Delete what is too old as of ``now``, or too much; gives how many rows. In slices, each a transaction."""
        deleted = 0
        for tenant_id, last in await store.tellers(self._work.pool):
            gone = SLICE
            while gone == SLICE:
                async with self._work.begin(tenant_id) as tx:
                    gone = await store.purge(
                        tx.connection,
                        tenant_id,
                        up_to=last - self._rows,
                        older_than=now - timedelta(hours=self._hours),
                        limit=SLICE,
                    )
                deleted += gone
        return deleted
