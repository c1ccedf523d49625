"""The price model against prices whose law is known."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from services.market.domain import (
    Listing,
    Listings,
    PriceModel,
    age_years,
    cost_to_market,
    fit_price_models,
    price_to_market,
)

AS_OF = date(2025, 6, 30)
SEEN = AS_OF - timedelta(days=20)


def market(segment: str, count: int, rng: np.random.Generator, *, age: float, km: float, noise: float = 0.08):
    """Simulate listings at 30,000 new, losing ``age`` a year and ``km`` per 10,000 km in log price."""
    rows = []
    for i in range(count):
        year, odometer = int(rng.integers(2012, 2025)), float(rng.uniform(5_000, 200_000))
        log_price = math.log(30_000) + age * age_years(year, AS_OF) + km * odometer / 10_000
        price = math.exp(log_price + noise * rng.standard_normal())
        rows.append(Listing(f"{segment}-{i}", segment, price, odometer, year, SEEN, AS_OF))
    return rows


def models_of(rows: list[Listing]) -> dict[str, PriceModel]:
    listings = Listings.of(rows)
    return fit_price_models(listings, np.ones(len(listings), dtype=np.bool_), AS_OF)


def test_recovers_the_law_behind_dense_segments_each_its_own():
    rng = np.random.default_rng(7)
    truth = {"used/a/one": (-0.10, -0.03), "used/a/two": (-0.05, -0.05)}
    rows = [row for name, (age, km) in truth.items() for row in market(name, 400, rng, age=age, km=km)]
    for name, model in models_of(rows).items():
        assert model.age_slope == pytest.approx(truth[name][0], abs=0.006)
        assert model.km_slope == pytest.approx(truth[name][1], abs=0.003)
        assert model.reference == pytest.approx(math.log(30_000), abs=0.04)
        assert model.residual_sd == pytest.approx(0.08, rel=0.12)
        assert model.listings == 400


def test_a_fifth_of_absurd_prices_most_too_low_does_not_move_it():
    rng = np.random.default_rng(11)
    rows = market("used/a/one", 300, rng, age=-0.10, km=-0.03)
    absurd = [1.0, 99.0, 1.0, 999_999.0]
    spoilt = [
        Listing(r.key, r.segment, absurd[i % 4], r.odometer_km, r.model_year, r.first_seen, r.last_seen)
        if i % 5 == 0
        else r
        for i, r in enumerate(rows)
    ]
    clean, robust = models_of(rows)["used/a/one"], models_of(spoilt)["used/a/one"]
    assert robust.expected_price(5, 80_000) == pytest.approx(clean.expected_price(5, 80_000), rel=0.01)
    assert robust.age_slope == pytest.approx(-0.10, abs=0.01)
    assert robust.residual_sd < 0.12


def test_a_sparse_segment_leans_on_the_market_and_less_so_as_it_grows():
    def slope(count: int) -> float:
        rng = np.random.default_rng(3)
        rows = market("used/a/many", 500, rng, age=-0.10, km=-0.03, noise=0.15)
        rows += market("used/a/few", count, rng, age=-0.20, km=-0.03, noise=0.15)
        few = models_of(rows)["used/a/few"]
        return math.log(few.expected_price(11, 80_000) / few.expected_price(2, 80_000)) / 9

    slopes = [slope(count) for count in (4, 12, 40, 300)]
    assert slopes == sorted(slopes, reverse=True)
    assert -0.18 < slopes[0] < -0.11
    assert slopes[-1] == pytest.approx(-0.20, abs=0.01)


def test_a_segment_seen_once_has_a_price_drawn_to_its_make_and_says_how_unsure_it_is():
    rng = np.random.default_rng(5)
    rows = [row for i in range(8) for row in market(f"used/a/{i}", 60, rng, age=-0.1, km=-0.03)]
    dear = Listing("dear", "used/a/odd", 90_000.0, 50_000, 2020, SEEN, AS_OF)
    rows += [dear, Listing("no price", "used/a/none", None, 10_000, 2020, SEEN, AS_OF)]
    rows += [
        Listing("no odometer", "used/a/none", 20_000, None, 2020, SEEN, AS_OF),
        Listing("no year", "used/a/none", 20_000, 10_000, None, SEEN, AS_OF),
    ]
    found = models_of(rows)
    assert "used/a/none" not in found
    odd, usual = found["used/a/odd"], found["used/a/0"]
    at = (age_years(2020, AS_OF), 50_000)
    assert usual.expected_price(*at) < odd.expected_price(*at) < 90_000
    assert (odd.listings, usual.listings) == (1, 60)
    assert odd.reference_sd > 3 * usual.reference_sd


def test_a_trim_is_priced_apart_as_far_as_it_is_seen():
    def effect(count: int) -> float:
        rng = np.random.default_rng(23)
        rows = market("used/a/one", 300, rng, age=-0.1, km=-0.03)
        sport = [
            replace(row, key=f"s{i}", price=row.price * math.exp(0.2), trim="Sport-Line")
            for i, row in enumerate(market("used/a/one", count, rng, age=-0.1, km=-0.03))
        ]
        return (
            models_of([*(replace(row, trim="base") for row in rows), *sport])["used/a/one"].trims["sportline"].effect
        )

    few, many = effect(2), effect(150)
    assert 0 < few < many
    base_to_sport = models_of(
        [
            replace(row, trim="Sport" if i % 2 else "base", price=row.price * (math.exp(0.2) if i % 2 else 1.0))
            for i, row in enumerate(market("used/a/one", 400, np.random.default_rng(2), age=-0.1, km=-0.03))
        ]
    )["used/a/one"]
    ratio = base_to_sport.expected_price(3, 50_000, trim="SPORT") / base_to_sport.expected_price(
        3, 50_000, trim="Base"
    )
    assert ratio == pytest.approx(math.exp(0.2), rel=0.03)
    assert base_to_sport.trims["sport"].listings == 200
    assert base_to_sport.expected_price(3, 50_000, trim="never seen") == base_to_sport.expected_price(3, 50_000)


def test_certified_vehicles_carry_a_premium():
    rows = market("used/a/one", 600, np.random.default_rng(4), age=-0.1, km=-0.03)
    rows = [
        replace(row, certified=i % 3 == 0, price=row.price * (1.09 if i % 3 == 0 else 1.0))
        for i, row in enumerate(rows)
    ]
    model = models_of(rows)["used/a/one"]
    assert model.certified_premium == pytest.approx(math.log(1.09), abs=0.02)
    assert model.expected_price(3, 50_000, certified=True) > model.expected_price(3, 50_000)


def test_depreciation_that_bends_is_followed_and_a_straight_line_kept_beside_it():
    rng, rows = np.random.default_rng(6), []
    for i, row in enumerate(market("used/a/one", 900, rng, age=0.0, km=-0.03, noise=0.05)):
        years = age_years(row.model_year, AS_OF)
        rows.append(replace(row, key=f"b{i}", price=row.price * math.exp(-0.05 * years - 0.10 * max(0.0, years - 7))))
    model = models_of(rows)["used/a/one"]
    for years in (2.0, 6.0, 9.0, 12.0):
        truth = 30_000 * math.exp(-0.05 * years - 0.10 * max(0.0, years - 7) - 0.15)
        assert model.expected_price(years, 50_000) == pytest.approx(truth, rel=0.04)
    assert model.straight is not None
    assert -0.15 < model.straight.age_slope < -0.05


def test_a_mistyped_odometer_neither_bends_the_model_nor_gives_a_car_away():
    rows = market("used/a/one", 100, np.random.default_rng(8), age=-0.1, km=-0.03)
    typed = replace(rows[0], key="typo", odometer_km=1_760_000.0)
    model = models_of([*rows, typed])["used/a/one"]
    assert model.km_slope == pytest.approx(-0.03, abs=0.01)
    assert model.expected_price(5, 1_760_000) == model.expected_price(5, 400_000)


def test_new_vehicles_without_an_odometer_stand_at_zero_and_slopes_stay_usual():
    rows = [Listing(f"n{i}", "new/a/one", 40_000.0, None, 2025, SEEN, AS_OF) for i in range(4)]
    model = models_of(rows)["new/a/one"]
    assert model.expected_price(age_years(2025, AS_OF), 0) == pytest.approx(40_000, rel=1e-6)
    assert model.age_slope == pytest.approx(-0.08)
    assert model.km_slope == pytest.approx(-0.04)


def test_new_prices_do_not_bend_the_slopes_of_used_ones():
    rng = np.random.default_rng(13)
    used = market("used/a/one", 100, rng, age=-0.1, km=-0.03)
    new = market("new/a/one", 100, rng, age=-0.4, km=-0.2)
    together, alone = models_of(used + new)["used/a/one"], models_of(used)["used/a/one"]
    assert together.age_slope == pytest.approx(alone.age_slope, abs=1e-3)
    assert together.km_slope == pytest.approx(alone.km_slope, abs=1e-3)


def test_nothing_priced_gives_no_models():
    assert models_of([Listing("a", "used/a/one", None, 1_000, 2020, SEEN, AS_OF)]) == {}


def test_price_and_cost_to_market_are_fractions_of_the_expected_price():
    model = PriceModel(reference=math.log(30_000), age_slope=-0.1, km_slope=-0.03, residual_sd=0.1, listings=9)
    expected = model.expected_price(age_years=2, odometer_km=40_000)
    assert expected == pytest.approx(30_000 * math.exp(-0.32))
    assert price_to_market(0.97 * expected, expected) == pytest.approx(0.97)
    assert cost_to_market(8_500, 10_000) == pytest.approx(0.85)
    with pytest.raises(ValueError, match="must be above 0"):
        price_to_market(20_000, 0.0)
