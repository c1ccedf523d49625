"""A tenant's sales are read once for all its rooftops that are forecast within a minute, and for no other tenant."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from services.forecast.domain.sister_sales import SisterSales, TenantSales
from services.forecast.recent_sales import FRESH_SECONDS, MOST_TENANTS, RecentSales

SINCE = date(2024, 3, 4)


class Database:
    """Stores sales by tenant; a transaction of a tenant, which is all a connection is here, sees its own."""

    def __init__(self) -> None:
        self.reads: list[UUID] = []
        self.units = 1
        self.seconds = 0.0

    async def load(self, connection: Any, since: date) -> TenantSales:
        self.reads.append(connection)
        return TenantSales({connection: [SisterSales(connection, "used", since, self.units)]}, {})

    def recent(self) -> RecentSales:
        return RecentSales(self.load, lambda: self.seconds)


@pytest.fixture
def database() -> Database:
    return Database()


async def ask(recent: RecentSales, tenant: UUID, since: date = SINCE) -> TenantSales:
    return await recent.of(cast("Any", tenant), tenant, since)


async def test_two_hundred_rooftops_cost_one_reading(database: Database) -> None:
    recent, tenant = database.recent(), uuid4()
    for _ in range(200):
        await ask(recent, tenant)
    assert database.reads == [tenant]


async def test_what_was_sold_since_is_seen_after_a_minute_however_often_it_is_asked_for(database: Database) -> None:
    recent, tenant = database.recent(), uuid4()
    await ask(recent, tenant)
    database.units = 2
    for database.seconds in (FRESH_SECONDS / 2, FRESH_SECONDS - 0.1):
        assert (await ask(recent, tenant)).by_rooftop[tenant][0].units == 1
    database.seconds = FRESH_SECONDS
    assert (await ask(recent, tenant)).by_rooftop[tenant][0].units == 2


async def test_a_tenant_is_given_its_own_sales_and_a_day_its_own(database: Database) -> None:
    recent, ours, theirs = database.recent(), uuid4(), uuid4()
    for tenant in (ours, theirs, ours, theirs):
        assert list((await ask(recent, tenant)).by_rooftop) == [tenant]
    later = SINCE + timedelta(days=1)
    assert (await ask(recent, ours, later)).by_rooftop[ours][0].week == later
    assert database.reads == [ours, theirs, ours]


async def test_no_more_than_a_few_tenants_sales_are_kept(database: Database) -> None:
    recent, tenants = database.recent(), [uuid4() for _ in range(MOST_TENANTS + 1)]
    for tenant in (*tenants, tenants[0], tenants[-1]):
        await ask(recent, tenant)
    assert database.reads == [*tenants, tenants[0]]


async def test_what_could_not_be_read_is_asked_for_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    recent, tenant = database.recent(), uuid4()
    load = recent._load

    async def fail(_: Any, __: date) -> TenantSales:
        raise ConnectionError

    monkeypatch.setattr(recent, "_load", fail)
    with pytest.raises(ConnectionError):
        await ask(recent, tenant)
    monkeypatch.setattr(recent, "_load", load)
    assert list((await ask(recent, tenant)).by_rooftop) == [tenant]
