"""Letting go of refused rows: they hold whole lines of people's files, and are for mending, not for keeping."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.gateway.store import imports as store
from services.gateway.store import live
from shared.messaging import UnitOfWork
from shared.messaging.failures import passing
from shared.observability import Metrics

EVERY_SECONDS: Final = 3600.0
SLICE = 2_000
_log = structlog.stdlib.get_logger("doso.import", service="gateway")


class RejectionSettings(BaseSettings):
    """How many days refused rows are kept after their import ended."""

    model_config = SettingsConfigDict(env_prefix="DOSO_RETENTION_", extra="ignore")

    rejection_days: int = Field(default=30, ge=1, description="rows that an import refused, with their cells")


class RejectionRetention:
    """Deletes what imports refused once it is past its period, for as long as the gateway runs."""

    def __init__(self, work: UnitOfWork, settings: RejectionSettings, *, metrics: Metrics) -> None:
        self._work = work
        self._kept = timedelta(days=settings.rejection_days)
        self._metrics = metrics

    async def run(self) -> None:
        """Purge once an hour until cancelled; several processes that do so do no harm."""
        while True:
            try:
                await self.once(datetime.now(UTC))
            except Exception as error:
                if not passing(error):
                    raise
                _log.warning("refused rows not purged", error_class=type(error).__name__)
            await asyncio.sleep(EVERY_SECONDS)

    async def once(self, now: datetime) -> int:
        """Delete what is past its period as of ``now``; gives how many rows. In slices, each a transaction."""
        deleted = 0
        for tenant_id, _ in await live.tellers(self._work.pool):  # every import tells of its end
            gone = SLICE
            while gone == SLICE:
                async with self._work.begin(tenant_id) as tx:
                    gone = await store.purge_rejections(tx.connection, now - self._kept, SLICE)
                deleted += gone
        self._metrics.purged("import_rejection", deleted)
        return deleted
