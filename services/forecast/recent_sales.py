"""Tenants' sales, read once for all rooftops that are forecast one after another."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID

from services.forecast.domain.sister_sales import TenantSales
from services.forecast.store import load_tenant_sales
from shared.postgres.pool import Connection

FRESH_SECONDS = 60.0
"""Only weeks that have ended are lent, and those change little: a minute old they are as good as new. Read for every
rooftop anew, all of a tenant's sales would be read as often as it has rooftops."""
MOST_TENANTS = 8

Load = Callable[[Connection, date], Awaitable[TenantSales]]


class RecentSales:
    """Keeps the sales of the tenants that were asked for last, each for a minute and for the day it was read for."""

    def __init__(self, load: Load = load_tenant_sales, clock: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._clock = clock
        self._kept: OrderedDict[tuple[UUID, date], tuple[float, TenantSales]] = OrderedDict()

    async def of(self, connection: Connection, tenant_id: UUID, since: date) -> TenantSales:
        """Give what a tenant's rooftops retailed since a day; ``connection`` is in a transaction of that tenant."""
        now = self._clock()
        key = tenant_id, since
        read, sales = self._kept.pop(key, (float("-inf"), None))
        if sales is None or now - read >= FRESH_SECONDS:
            read, sales = now, await self._load(connection, since)
        self._kept[key] = read, sales
        while len(self._kept) > MOST_TENANTS:
            self._kept.popitem(last=False)
        return sales
