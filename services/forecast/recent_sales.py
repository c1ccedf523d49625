"""Tenants' sales, read once for all rooftops that are forecast one after another."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID

from services.forecast.domain.sister_sales import TenantSales
from services.forecast.store import load_tenant_sales, sales_version
from shared.postgres.pool import Connection

FRESH_SECONDS = 60.0
"""Only weeks that have ended are lent, so a day's own sales change nothing; what does is told by its version. Sales
of a week that ends while they are stored may pass for the day's own: those are seen a minute later."""
MOST_TENANTS = 8

Load = Callable[[Connection, date], Awaitable[TenantSales]]
Version = Callable[[Connection], Awaitable[int]]


class RecentSales:
    """Keeps the sales of the tenants that were asked for last, each until they change, for a minute at most.

    Read for every rooftop anew, all of a tenant's sales would be read as often as it has rooftops. Their version is
    read each time, from the database: whoever changed them may be another replica.
    """

    def __init__(
        self,
        load: Load = load_tenant_sales,
        version: Version = sales_version,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._version = version
        self._clock = clock
        self._kept: OrderedDict[tuple[UUID, date], tuple[float, int, TenantSales]] = OrderedDict()

    async def of(self, connection: Connection, tenant_id: UUID, since: date) -> TenantSales:
        """Give what a tenant's rooftops retailed since a day; ``connection`` is in a transaction of that tenant."""
        now = self._clock()
        key = tenant_id, since
        version = await self._version(connection)  # before the sales: they may be newer than it says, never older
        kept = self._kept.pop(key, None)
        if kept is None or kept[1] != version or now - kept[0] >= FRESH_SECONDS:
            kept = now, version, await self._load(connection, since)
        self._kept[key] = kept
        while len(self._kept) > MOST_TENANTS:
            self._kept.popitem(last=False)
        return kept[2]
