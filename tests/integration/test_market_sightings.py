"""A listing's sightings say the same whether market reads them together or apart."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import permutations
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from services.market.handlers import on_market_data_received
from shared.events import Listing, MarketDataReceived
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

REGION = "US-MI"


@pytest.fixture
async def work(migrated: str) -> AsyncIterator[UnitOfWork]:
    pool = await create_pool("market", PostgresSettings(dsn=migrated))
    yield UnitOfWork(pool, "market")
    await pool.close()


def seen(first: int, last: int, price: int | None, **stated: Any) -> Listing:
    """Tell of a listing as it was on a day of March."""
    values: dict[str, Any] = {"listing_id": "L", "make": "Toyota", "model": "RAV4", "active": True, **stated}
    days = {"first_seen": date(2026, 3, first), "last_seen": date(2026, 3, last)}
    return Listing(price=None if price is None else Decimal(price), **days, **values)


SIGHTINGS = [
    seen(1, 1, 20_000, trim="XLE", seller="North"),
    seen(8, 8, 19_000, odometer_km=30_000),
    seen(8, 15, None, condition="certified"),
    seen(8, 22, 20_000, active=False),
]


async def kept(
    work: UnitOfWork, batches: Sequence[Sequence[Listing]], *, a_file_each: bool = True
) -> tuple[dict[str, Any], list[tuple[date, Decimal]]]:
    tenant = uuid4()
    for batch in batches:
        files = [[listing] for listing in batch] if a_file_each else [batch]
        events = [_event(tenant, listings) for listings in files]
        async with work.begin(tenant) as tx:
            await on_market_data_received(events, tx)
    async with work.begin(tenant) as tx:
        [row] = await tx.connection.fetch("SELECT * FROM listing")
        noted = await tx.connection.fetch("SELECT seen_on, price FROM listing_price ORDER BY seen_on")
    return {**row, "tenant_id": None}, [(each["seen_on"], each["price"]) for each in noted]


def _event(tenant: UUID, listings: Sequence[Listing]) -> MarketDataReceived:
    return MarketDataReceived(
        event_id=uuid4(), occurred_at=datetime(2026, 3, 30, tzinfo=UTC), tenant_id=tenant, dealer_id=uuid4(),
        import_id=uuid4(), chunk=0, region=REGION, currency="USD", as_of=date(2026, 3, 30), listings=tuple(listings),
    )  # fmt: skip


@pytest.mark.parametrize("a_file_each", [True, False], ids=["a file each", "one file"])
async def test_sightings_read_together_say_what_they_say_apart(work: UnitOfWork, *, a_file_each: bool) -> None:
    apart, prices = await kept(work, [[one] for one in SIGHTINGS])
    assert (apart["trim"], apart["seller"], apart["odometer_km"], apart["certified"]) == (
        "XLE",
        "North",
        30_000,
        True,
    )
    assert (apart["first_seen"], apart["last_seen"]) == (date(2026, 3, 1), date(2026, 3, 22))
    assert apart["active"] is False
    noted = [(1, 20_000), (8, 19_000), (22, 20_000)]
    assert prices == [(date(2026, 3, day), Decimal(price)) for day, price in noted]
    for split in range(len(SIGHTINGS)):
        batches = [batch for batch in (SIGHTINGS[:split], SIGHTINGS[split:]) if batch]
        assert await kept(work, batches, a_file_each=a_file_each) == (apart, prices), split


async def test_the_order_within_a_batch_does_not_matter(work: UnitOfWork) -> None:
    in_time = await kept(work, [SIGHTINGS])
    for order in permutations(SIGHTINGS):
        assert await kept(work, [order]) == in_time


async def test_of_one_day_the_last_price_told_stands(work: UnitOfWork) -> None:
    told = [seen(1, 8, 20_000), seen(1, 8, 19_500), seen(1, 8, 19_000)]
    apart = await kept(work, [[one] for one in told])
    assert apart[1] == [(date(2026, 3, 8), Decimal(19_000))]
    assert await kept(work, [told]) == apart


async def test_what_is_older_than_what_is_known_describes_nothing(work: UnitOfWork) -> None:
    known = seen(1, 5, 19_000, seller="North")
    late, newest = seen(1, 3, 18_000, seller="South", trim="XLE"), seen(1, 7, None)
    apart = await kept(work, [[known], [late], [newest]])
    assert (apart[0]["price"], apart[0]["seller"], apart[0]["trim"]) == (Decimal(19_000), "North", "XLE")
    assert await kept(work, [[known], [late, newest]]) == apart
    assert await kept(work, [[known], [newest, late]]) == apart


async def test_no_price_is_no_price_of_that_day(work: UnitOfWork) -> None:
    told = [seen(1, 8, 20_000), seen(1, 8, 0)]
    apart = await kept(work, [[one] for one in told])
    assert apart[1] == [(date(2026, 3, 8), Decimal(20_000))]
    assert await kept(work, [told]) == apart


async def test_two_currencies_of_a_region_do_not_stop_a_batch(work: UnitOfWork) -> None:
    tenant = uuid4()
    events = [_event(tenant, [seen(1, 8, 20_000, listing_id=name)]) for name in ("A", "B")]
    async with work.begin(tenant) as tx:
        await on_market_data_received([events[0], events[1].model_copy(update={"currency": "CAD"})], tx)
        assert await tx.connection.fetchval("SELECT count(*) FROM listing") == 2


async def test_what_was_seen_before_the_newest_price_adds_none(work: UnitOfWork) -> None:
    told = [[seen(8, 15, 19_000)], [seen(1, 1, 21_000), seen(1, 8, 20_000), seen(1, 16, 19_000)]]
    row, prices = await kept(work, told)
    assert prices == [(date(2026, 3, 15), Decimal(19_000))]
    assert (row["first_seen"], row["last_seen"]) == (date(2026, 3, 1), date(2026, 3, 16))
