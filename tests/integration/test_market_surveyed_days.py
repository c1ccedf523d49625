"""A region that has been watched for years is surveyed from what was advertised lately, with the same result."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest

from services.market import store
from services.market.domain import SURVEYED_DAYS, Listing, MarketSurvey, PricePoint, compare
from services.market.surveying import survey_region
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

REGION, TODAY = "US-MI", date(2026, 3, 31)
WATCHED = 900
SEGMENTS = ("used/toyota/rav4", "used/ford/f150", "new/kia/rio")


@pytest.fixture
async def work(migrated: str) -> AsyncIterator[UnitOfWork]:
    pool = await create_pool("market", PostgresSettings(dsn=migrated))
    yield UnitOfWork(pool, "market")
    await pool.close()


def adverts(count: int = 6_000) -> list[Listing]:
    """Draw adverts of two years and a half: cars that come back, sellers that fall silent, prices that move."""
    rng = np.random.default_rng(11)
    found = []
    for number in range(count):
        first = TODAY - timedelta(days=int(rng.integers(0, WATCHED)))
        last = min(TODAY, first + timedelta(days=int(rng.exponential(40))))
        segment, age = SEGMENTS[rng.integers(3)], int(rng.integers(0, 8))
        price = round(30_000 * 0.9**age * float(np.exp(rng.normal(0, 0.08))), 2)
        moved = () if last == first else (PricePoint(last, round(price * 0.97, 2)),)
        found.append(
            Listing(
                key=f"L{number:05}",
                segment=segment,
                price=price,
                odometer_km=float(rng.integers(0, 150_000)),
                model_year=first.year - age,
                first_seen=first,
                last_seen=last,
                active=last == TODAY,
                label=segment,
                vin=f"VIN{rng.integers(count // 2)}",
                trim=("LE", "XLE", None)[rng.integers(3)],
                certified=bool(rng.random() < 0.1),
                seller=f"seller {rng.integers(60)}",
                prices=(PricePoint(first, price), *moved),
            )
        )
    return found


async def keep(work: UnitOfWork, tenant: UUID, listings: list[Listing]) -> None:
    rows = [
        {
            "tenant_id": tenant, "region": REGION, "listing_id": each.key, "vin": each.vin, "segment": each.segment,
            "label": each.label, "trim": each.trim, "certified": each.certified, "seller": each.seller,
            "price": each.price, "odometer_km": int(each.odometer_km or 0), "model_year": each.model_year,
            "first_seen": each.first_seen, "last_seen": each.last_seen, "active": each.active,
        }
        for each in listings
    ]  # fmt: skip
    points = [(tenant, REGION, each.key, point.seen_on, point.price) for each in listings for point in each.prices]
    async with work.begin(tenant) as tx:
        await store.upsert_listings(tx.connection, rows)
        await tx.connection.executemany("INSERT INTO listing_price VALUES ($1, $2, $3, $4, $5)", points)


async def loaded(work: UnitOfWork, tenant: UUID, today: date = TODAY) -> list[Listing]:
    async with work.begin(tenant) as tx:
        return sorted(await store.load_listings(tx.connection, REGION, today), key=lambda each: each.key)


def published(survey: MarketSurvey) -> Any:
    """Give all that is published of a market, but for what the order of the rows rounds."""

    def rounded(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: rounded(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [rounded(each) for each in value]
        return float(f"{value:.6g}") if isinstance(value, float) else value

    return rounded([asdict(each) for each in compare(survey, (), (), TODAY)])


async def test_a_survey_of_the_last_months_is_that_of_all_the_years(work: UnitOfWork) -> None:
    tenant, every = uuid4(), adverts()
    await keep(work, tenant, every)
    recent = await loaded(work, tenant)
    assert len(recent) < len(every) / 2
    assert recent == [each for each in every if each.last_seen >= TODAY - timedelta(days=SURVEYED_DAYS)]
    of_all, of_recent = (survey_region(each, TODAY, frozenset()) for each in (every, recent))
    assert of_all is not None
    assert of_recent is not None
    assert published(of_recent) == published(of_all)


async def test_a_market_seen_long_ago_is_still_surveyed(work: UnitOfWork) -> None:
    tenant, years_later = uuid4(), TODAY + timedelta(days=700)
    every = adverts()
    to_come = Listing(
        key="typed wrong", segment=SEGMENTS[0], price=20_000.0, odometer_km=10_000.0, model_year=2024,
        first_seen=date(2062, 4, 1), last_seen=date(2062, 4, 1), active=True, label="", prices=(),
    )  # fmt: skip
    await keep(work, tenant, [*every, to_come])
    found = await loaded(work, tenant, years_later)
    since = TODAY - timedelta(days=SURVEYED_DAYS)
    assert found == [*(each for each in every if each.last_seen >= since), to_come]


async def test_a_region_with_few_adverts_is_read_whole(work: UnitOfWork) -> None:
    tenant, every = uuid4(), adverts(600)
    await keep(work, tenant, every)
    assert await loaded(work, tenant) == every


async def test_a_region_of_which_nothing_is_known_is_empty(work: UnitOfWork) -> None:
    assert await loaded(work, uuid4()) == []
