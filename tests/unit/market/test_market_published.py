"""What is published of a survey: the event, the stored document it is compared with, and its size."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import numpy as np
import pytest

from services.market.domain import (
    Listing,
    Listings,
    OwnSale,
    OwnUnit,
    PricePoint,
    SegmentMarket,
    age_years,
    compare,
    survey,
)
from services.market.store import published_market
from services.market.translate import market_updated
from shared.events import MarketUpdated

AS_OF = date(2025, 6, 30)
MOST_BYTES = 256 * 1024


def published(market: SegmentMarket) -> MarketUpdated:
    return market_updated(
        market,
        tenant_id=uuid4(),
        dealer_id=UUID(int=7),
        region="US-OH",
        currency="USD",
        version=3,
        at=datetime(2026, 3, 2, tzinfo=UTC),
    )


@pytest.fixture(scope="module")
def market() -> SegmentMarket:
    rng, rows = np.random.default_rng(1), []
    for i in range(2_000):
        year, km = int(rng.integers(2012, 2025)), float(rng.uniform(5_000, 200_000))
        price = 30_000 * math.exp(-0.08 * age_years(year, AS_OF) - 0.003 * km / 1_000 + 0.1 * rng.standard_normal())
        first = AS_OF - timedelta(days=int(rng.integers(1, 200)))
        last = min(AS_OF, first + timedelta(days=int(rng.integers(1, 60))))
        segment = f"used/ford/{('f150', 'escape')[i % 2]}"
        rows.append(
            Listing(
                f"l{i}", segment, price, km, year, first, last, trim=f"Trim {i % 150}", seller=f"Seller {i % 90}",
                certified=i % 9 == 0, vin=f"VIN{i}", prices=(PricePoint(first, price * 1.02), PricePoint(last, price)),
            )
        )  # fmt: skip
    own = [
        OwnUnit(f"1FTFW1E56NKE{i:05d}", "used/ford/f150", model_year=2019, trim="Trim 4", odometer_km=60_000.0)
        for i in range(700)
    ]
    sales = [OwnSale(f"s{i}", "used/ford/f150", AS_OF - timedelta(days=i)) for i in range(30)]
    return compare(survey(Listings.of(rows), AS_OF, observed_since=AS_OF - timedelta(days=150)), own, sales, AS_OF)[1]


def test_the_largest_segment_stays_under_the_brokers_limit(market: SegmentMarket):
    event = published(market)
    assert len(event.model_dump_json()) < MOST_BYTES / 2
    assert len(event.own_units) == 500
    assert MarketUpdated.model_validate_json(event.model_dump_json()) == event


def test_a_reader_can_price_any_vehicle_from_the_event_alone(market: SegmentMarket):
    event = published(market)
    model, years, km = event.price_model, age_years(2013, AS_OF), 190_000
    assert model is not None
    assert market.price_model is not None
    trim = next(each for each in model.trims if each.trim == "Trim 4")
    distance = min(km / 10_000, model.km_cap)
    exponent = model.reference + model.age_slope * years + model.km_slope * distance + trim.effect
    exponent += sum(bend.slope * max(0.0, years - bend.knot) for bend in model.age_bends)
    exponent += sum(bend.slope * max(0.0, distance - bend.knot) for bend in model.km_bends)
    expected = market.price_model.expected_price(years, km, trim="trim 4", certified=True)
    assert math.exp(exponent + model.certified_premium) == pytest.approx(expected)


def test_everything_said_of_a_segment_is_in_the_event(market: SegmentMarket):
    event = published(market)
    assert event.share_trend is not None
    assert event.share_trend.statement.endswith("days") or "false discovery" in event.share_trend.statement
    assert event.competitors is not None
    assert event.competitors.watched > 100
    assert event.competitors.share_cut > 0.9
    assert (event.gap_units, event.gap_reading) == (market.gap_units, market.reading)
    assert event.like_mine[0].n > 0
    assert event.own_units[0].expected_price is not None


def test_what_was_published_is_read_back_as_it_was(market: SegmentMarket):
    document = json.loads(json.dumps(asdict(market), default=str))
    assert published_market(document) == market


def test_a_document_from_before_there_was_so_much_to_say_is_still_read(market: SegmentMarket):
    later = {
        "own_inbound", "gap_units", "target_units", "reading", "market_total", "own_stock_total", "own_sales_total",
        "expected_own_sales", "price_model", "like_mine", "share_trend", "competitors", "own_units",
    }  # fmt: skip
    document = json.loads(json.dumps(asdict(market), default=str))
    old = published_market({name: value for name, value in document.items() if name not in later})
    assert (old.market_share, old.own_units, old.price_model) == (market.market_share, (), None)
