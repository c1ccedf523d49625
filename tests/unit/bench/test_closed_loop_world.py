"""The simulated world: the same for every policy, and following the rules that it states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.closed_loop.catalogue import CONFIGURATIONS, MODELS, VARIANTS, distances
from bench.closed_loop.conditions import Conditions, calendar, draw_conditions
from bench.closed_loop.customers import Offered, choose, draw_customers, utilities, would_buy
from bench.closed_loop.feed import MarketFeed
from bench.closed_loop.physics import Physics

PHYSICS = Physics(warm_up_weeks=20, weeks=4)


@pytest.fixture(scope="module")
def conditions() -> Conditions:
    return draw_conditions(5, PHYSICS)


def lot(configuration: int, *prices: float, market: float = 20_000.0, quality: float = 0.0) -> Offered:
    count = len(prices)
    return Offered(
        configuration=np.full(count, configuration),
        price=np.array(prices),
        market=np.full(count, market),
        quality=np.full(count, quality),
        days=np.zeros(count),
        serial=np.arange(count),
    )


def test_world_is_its_seeds(conditions: Conditions) -> None:
    again, other = draw_conditions(5, PHYSICS), draw_conditions(6, PHYSICS)
    assert np.array_equal(conditions.level, again.level)
    assert np.array_equal(conditions.traffic, again.traffic)
    assert not np.array_equal(conditions.wants, other.wants)


def test_shares_sum_to_one_and_follow_fashion(conditions: Conditions) -> None:
    shares = conditions.shares(30, 1)
    assert shares.sum() == pytest.approx(1.0)
    fashion = conditions.fashion.copy()
    fashion[30, 0] *= 3
    changed = replace(conditions, fashion=fashion).shares(30, 1)
    assert changed[:VARIANTS].sum() > 2 * shares[:VARIANTS].sum()


def test_a_vehicle_loses_value_with_years_and_distance_and_gains_by_trim(conditions: Conditions) -> None:
    value = float(conditions.market_value(0, 2022.0, 38_000.0, 10))
    assert float(conditions.market_value(0, 2019.0, 38_000.0, 10)) < value
    assert float(conditions.market_value(0, 2022.0, 90_000.0, 10)) < value
    assert float(conditions.market_value(2, 2022.0, 38_000.0, 10)) == pytest.approx(value * np.exp(0.12))


def test_customers_do_not_depend_on_what_the_store_did(conditions: Conditions) -> None:
    first, again = draw_customers(conditions, 40, 2), draw_customers(conditions, 40, 2)
    assert np.array_equal(first.wanted, again.wanted)
    assert np.array_equal(first.whims, again.whims)


def test_a_car_is_sold_once_and_a_dearer_one_less_often(conditions: Conditions) -> None:
    sold = {1.0: 0, 1.1: 0}
    for price_to_market in sold:
        for day in range(60):
            customers = draw_customers(conditions, day, 0)
            chosen = choose(customers, lot(20, *[20_000.0 * price_to_market] * 3), PHYSICS)
            places = [place for place in chosen if place is not None]
            assert len(places) == len(set(places))
            sold[price_to_market] += len(places)
    assert sold[1.0] > sold[1.1] > 0


def test_nobody_buys_beyond_the_budget(conditions: Conditions) -> None:
    customers = draw_customers(conditions, 12, 0)
    liking = utilities(customers, lot(3, 19_000.0, 900_000.0), PHYSICS)
    assert np.isinf(liking[:, 1]).all()
    assert np.isfinite(liking[customers.budget > 19_000.0, 0]).all()


def test_an_empty_lot_loses_every_customer(conditions: Conditions) -> None:
    customers = draw_customers(conditions, 12, 0)
    assert choose(customers, lot(0), PHYSICS) == [None] * len(customers)
    assert would_buy(customers).shape == (len(customers),)


def test_customers_like_nothing_better_than_what_they_want() -> None:
    gap = distances()
    assert gap.shape == (CONFIGURATIONS, CONFIGURATIONS)
    assert (np.diag(gap) == 0).all()
    assert (gap + np.eye(CONFIGURATIONS) > 0).all()
    camry, civic, truck = 0, VARIANTS, VARIANTS * 8
    assert gap[camry, 1] < gap[camry, civic] < gap[camry, truck]


def test_feed_shows_the_past_only(conditions: Conditions) -> None:
    feed, day = MarketFeed(conditions), 90
    listings = feed.listings(day)
    today = np.datetime64(calendar(day), "D")
    assert (listings.first_seen < today).all()
    assert (listings.last_seen < today).all()
    assert set(listings.segments) == {model.segment for model in MODELS}
    gone = ~listings.active
    assert 0 < gone.sum() < len(listings)


def test_feed_prices_follow_the_market(conditions: Conditions) -> None:
    level = conditions.level.copy()
    level[60:] -= 0.2
    before = MarketFeed(conditions).listings(100)
    after = MarketFeed(replace(conditions, level=level)).listings(100)
    assert np.nanmedian(after.price) < 0.9 * np.nanmedian(before.price)
