"""What a purchase is expected to cost and to bring when the market has moved since the last ones were sold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recommend_sample_books import AS_OF, CAMRY, book, camry, demand, gross, market

from services.recommend.domain import (
    Action,
    PriceCurve,
    SegmentMarket,
    TypicalCar,
    advise,
    review,
    typical_car,
)
from services.recommend.domain.expected_gross import ExpectedGross
from services.recommend.domain.typical_car import todays_price

SOLD = typical_car([(camry(), AS_OF, 19_500.0)] * 5)
NEW = "new/toyota/camry"


def expected(*markets: SegmentMarket, typical: TypicalCar | None = SOLD) -> ExpectedGross:
    """Give what is expected of a Camry; those before went for 19,500: 17,800 of cost and 1,700 of front gross."""
    parts = (demand(weekly=1), gross(scope=CAMRY, typical=typical), gross(), *markets)
    return review(book(*parts), AS_OF).positions[0].gross


def test_a_market_that_has_come_down_brings_cost_and_gross_down_with_it() -> None:
    found, usual = expected(market(price=16_250.0)), expected()
    assert found.cost == pytest.approx(0.9 * usual.cost)
    assert found.front == pytest.approx(0.9 * usual.front)
    assert found.back == usual.back
    assert found.retail == pytest.approx(1.08 * 16_250.0)


def test_a_store_that_sells_a_little_over_the_market_is_believed() -> None:
    assert expected(market(price=18_100.0)) == expected()


def test_the_most_to_pay_is_of_todays_market_and_both_prices_are_told() -> None:
    parts = (demand(weekly=3), gross(scope=CAMRY, typical=SOLD), gross())
    (advice,) = advise(book(*parts, market(price=16_250.0)), AS_OF)
    assert advice.action is Action.ACQUIRE
    assert "The market bears $17,550 now for what went for $19,500 here." in advice.reason
    facts = {line.name: line for line in advice.evidence}
    assert facts["Market price"].source == "market"
    assert facts["Typical cost per unit"].value == "$16,020"
    assert "× 90.0% for today's market" in (facts["Typical cost per unit"].formula or "")
    (before,) = advise(book(*parts), AS_OF)
    assert advice.most_to_pay is not None
    assert before.most_to_pay is not None
    assert advice.most_to_pay < 0.95 * before.most_to_pay
    assert facts["Most to pay per unit"].value == f"${advice.most_to_pay:,.0f}"
    assert "now for what went for" not in before.reason


def test_that_prices_rose_is_believed_once_cars_have_sold_for_it() -> None:
    assert expected(market(price=23_000.0)) == expected()


def test_without_a_market_that_tells_the_past_stands() -> None:
    old = market(price=16_250.0, as_of=AS_OF - timedelta(days=61))
    unfitted = market(price=16_250.0, price_log_reference=None)
    of_other_cars = market(price=12_900.0)
    for each in (old, unfitted, of_other_cars):
        assert expected(each) == expected()
    few = typical_car([(camry(), AS_OF, 19_500.0)] * 4)
    for typical in (None, few):
        assert expected(market(price=16_250.0), typical=typical) == expected()


def test_new_cars_are_not_scaled_by_used_ones_curves() -> None:
    parts = (demand(segment=NEW, weekly=1), gross(scope=NEW, typical=SOLD, average_cost=17_800.0), gross(scope="new"))
    with_market = review(book(*parts, market(segment=NEW, price=16_250.0)), AS_OF).positions[0]
    assert with_market.gross == review(book(*parts), AS_OF).positions[0].gross


def test_what_the_model_misses_is_left_to_the_equipment() -> None:
    found = expected(market(price=16_250.0, price_residual_sd=0.10))
    assert found.retail == pytest.approx((17_550.0 * 19_500.0) ** 0.5)


def test_each_trim_has_its_own_price_on_the_curve() -> None:
    curve = PriceCurve(
        reference=10.0, age_slope=-0.1, km_slope=-0.02, km_cap=20.0, residual_sd=0.001, reference_sd=0.01,
        certified_premium=0.02, trims={"xle": 0.2},
    )  # fmt: skip
    seen = replace(market(), price_curve=curve)
    even = 2.718281828459045 ** (10.0 - 0.2 - 0.08 + 0.01)
    car = TypicalCar(went_for=even * 1.3, years=2.0, odometer_km=40_000.0, certified=0.5, trims=("XLE", None) * 3)
    found = todays_price(car, seen, AS_OF)
    assert found is not None
    assert found.amount == pytest.approx(1.08 * even * (1 + 2.718281828459045**0.2) / 2, rel=1e-3)


def test_a_segments_own_prices_are_held_against_the_market_not_the_stores_average() -> None:
    cheap = typical_car([(camry(), AS_OF, 5_500.0)] * 5)
    own = gross(scope=CAMRY, n=1, average_cost=5_000.0, average_front_gross=500.0, typical=cheap)
    parts = (demand(weekly=1), own, gross(average_front_gross=3_000.0))
    level = review(book(*parts, market(price=5_500.0)), AS_OF).positions[0].gross
    assert level == review(book(*parts), AS_OF).positions[0].gross


def test_what_is_lost_on_each_car_is_not_less_in_a_market_that_fell() -> None:
    own = gross(scope=CAMRY, n=400, average_cost=21_000.0, average_front_gross=-1_500.0, typical=SOLD)
    found = review(book(demand(weekly=1), own, gross(), market(price=16_250.0)), AS_OF).positions[0].gross
    assert found.cost == pytest.approx(0.9 * 21_000)
    assert found.front == pytest.approx((400 * -1_500 + 5 * 1_700) / 405)


def test_where_none_was_sold_nothing_is_said_of_what_they_went_for() -> None:
    parts = (demand(weekly=3), gross(), camry(cost=20_000.0, recon_cost=0.0))
    with_market = review(book(*parts, market(price=16_250.0)), AS_OF).positions[0].gross
    assert with_market == review(book(*parts), AS_OF).positions[0].gross


def test_a_car_of_unknown_age_or_distance_is_not_counted() -> None:
    unknown = [(camry(model_year=None), AS_OF, 40_000.0), (camry(odometer_km=None), AS_OF, 40_000.0)]
    assert typical_car(unknown) is None
    both = typical_car([*unknown, (camry(trim="LE", condition="certified"), AS_OF, 19_000.0)])
    assert both is not None
    assert (both.trims, both.certified, both.odometer_km, both.went_for) == (("LE",), 1.0, 60_000.0, 19_000.0)


@given(st.floats(12_000, 27_000), st.none() | st.floats(0.01, 0.4))
def test_what_is_expected_lies_between_the_market_and_the_past(price: float, residual: float | None) -> None:
    found = expected(market(price=price, price_residual_sd=residual))
    assert min(1.08 * price, 19_500.0) - 1 <= found.retail <= 19_500.0 + 1
