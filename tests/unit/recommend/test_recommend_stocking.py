"""How many to have and what to buy."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recommend_sample_books import AS_OF, CAMRY, book, camry, demand, gross, group_book, market, rooftop
from scipy import stats

from services.recommend.domain import Action, Parameters, UnitStatus, advise, review
from services.recommend.domain.stocking.newsvendor import (
    added_sales,
    at_least,
    critical_ratio,
    expected_sales,
    later_sales,
)
from services.recommend.domain.stocking.purchases import purchase_values
from services.recommend.domain.variety import growth

NEW = "new/toyota/camry"


def test_the_critical_ratio() -> None:
    assert critical_ratio(900, 300) == 0.75
    assert critical_ratio(-1, 300) == 0.0
    with pytest.raises(ValueError, match="unit too many"):
        critical_ratio(900, 0)


def test_demand_is_negative_binomial() -> None:
    units = np.arange(0, 12)
    # Mean 3 and variance 6: n = 3, p = 1/2.
    np.testing.assert_allclose(at_least(units.astype(float), 3.0, 2.0), stats.nbinom.sf(units - 1, 3, 0.5))


@given(st.floats(0.01, 60), st.floats(1, 5), st.integers(0, 30))
def test_expected_sales_are_the_mean_of_what_demand_and_stock_allow(
    mean: float, dispersion: float, stock: int
) -> None:
    units = np.arange(1, stock + 1, dtype=np.float64)
    expected = float(at_least(units, mean, dispersion).sum())
    found = float(expected_sales(np.array([float(stock)]), mean, dispersion)[0])
    assert found == pytest.approx(expected, abs=1e-6)


@given(st.floats(0.01, 60), st.floats(1, 5), st.none() | st.floats(0.5, 20), st.floats(0, 0.9))
def test_a_further_unit_never_adds_more(
    mean: float, dispersion: float, usual: float | None, elasticity: float
) -> None:
    factors = growth(np.arange(1.0, 31.0), usual, elasticity)
    added = added_sales(30, mean, factors, dispersion)
    assert (np.diff(added) <= 1e-9).all()
    assert (added >= 0).all()
    assert (added <= 1).all()


def test_more_to_choose_from_sells_more_but_ever_less_so() -> None:
    shown = np.arange(1.0, 13.0)
    factors = growth(shown, 4.0, 0.6)
    assert factors[3] == pytest.approx(1.0)
    assert (np.diff(factors[:12]) > 0).all()
    assert (np.diff(factors[:12], 2) < 0).all()
    assert growth(20.0, 4.0, 0.6) == factors[11], "beyond three times the usual stock nothing is known"
    slope = (growth(4.0001, 4.0, 0.6) - growth(3.9999, 4.0, 0.6)) / (0.0002 / 4.0)
    assert slope == pytest.approx(0.6, abs=1e-4)
    np.testing.assert_array_equal(growth(shown, None, 0.6), np.ones(12))
    np.testing.assert_array_equal(growth(shown, 4.0, 0.0), np.ones(12))


def test_a_shelf_that_usually_held_more_is_filled_further() -> None:
    parts = (demand(weekly=1.0), gross(scope=CAMRY))
    thin, rich = (
        review(book(replace(parts[0], usual_stock=usual), parts[1]), AS_OF).positions[0] for usual in (2.0, 6.0)
    )
    assert rich.target > thin.target, "it takes more of a shelf that needed six for the same sales"


@given(st.integers(0, 12), st.floats(0.05, 12), st.floats(0.05, 12), st.floats(1, 3))
def test_what_is_sold_later_is_the_sum_over_what_is_left(
    available: int, lead: float, after: float, dispersion: float
) -> None:
    even = np.ones(available + 4)
    found = later_sales(available, np.array([lead]), np.array([after]), dispersion, 4, even)[0]
    for unit in range(1, 5):
        expected = sum(
            (stats_pmf(sold, lead, dispersion) if sold < available else tail(available, lead, dispersion))
            * tail(available - sold + unit, after, dispersion)
            for sold in range(available + 1)
        )
        assert found[unit - 1] == pytest.approx(expected, abs=1e-6)


def stats_pmf(count: int, mean: float, dispersion: float) -> float:
    return tail(count, mean, dispersion) - tail(count + 1, mean, dispersion)


def tail(count: int, mean: float, dispersion: float) -> float:
    return float(at_least(np.array([float(count)]), mean, dispersion)[0])


def test_a_gap_in_used_cars_is_acquired_and_in_new_ones_ordered() -> None:
    found = review(
        book(
            demand(weekly=1.0),
            gross(scope=CAMRY),
            demand(segment=NEW, weekly=1.0),
            gross(scope=NEW, average_cost=24_000.0),
        ),
        AS_OF,
    )
    actions = {advice.segment: advice for advice in found.advice}
    assert actions[CAMRY].action is Action.ACQUIRE
    assert actions[NEW].action is Action.ORDER
    for advice in found.advice:
        assert advice.quantity is not None
        assert advice.quantity > 0
        assert advice.value > 0
        assert 0.5 < advice.confidence <= 0.99
        assert advice.value_per_day > 0


def test_a_store_that_never_sold_anything_is_told_to_buy_nothing() -> None:
    guessed = demand(weekly=1.0, units_sold=0)
    listed = market()
    assert [each.action for each in advise(book(guessed, listed), AS_OF)] == []
    sold_others = book(guessed, listed, demand(segment=NEW, weekly=0.0, units_sold=3))
    assert [each.action for each in advise(sold_others, AS_OF)] == [Action.ACQUIRE], "new to a store that sells"


def test_what_is_on_the_way_fills_the_gap() -> None:
    bare = review(book(demand(weekly=0.5), gross(scope=CAMRY)), AS_OF)
    inbound = camry("order:1", status=UnitStatus.ON_ORDER, quantity=bare.positions[0].target)
    assert [advice.action for advice in bare.advice] == [Action.ACQUIRE]
    assert review(book(demand(weekly=0.5), gross(scope=CAMRY), inbound), AS_OF).advice == ()


def test_no_car_is_bought_for_customers_who_come_before_it_lands() -> None:
    position = review(book(demand(segment=NEW, weekly=2), gross(scope=NEW, average_cost=24_000.0)), AS_OF).positions[
        0
    ]
    bought = len(purchase_values(position, 0))
    assert bought < position.gap
    assert bought >= math.floor(position.after_mean)


def test_no_unit_is_bought_for_less_than_the_margin() -> None:
    parts = (demand(weekly=1), gross(scope=CAMRY))
    eager = review(book(rooftop(parameters=Parameters(margin_amount=0, margin_fraction=0)), *parts), AS_OF)
    usual = review(book(rooftop(), *parts), AS_OF)
    picky = review(book(rooftop(parameters=Parameters(margin_amount=100_000)), *parts), AS_OF)
    assert (eager.advice[0].quantity or 0) > (usual.advice[0].quantity or 0)
    assert picky.advice == ()


def test_dearer_holding_lowers_the_target() -> None:
    targets = []
    for overhead in (5, 40, 120, 900):
        store = rooftop(parameters=Parameters(overhead_per_day=overhead))
        targets.append(review(book(store, demand(weekly=1.5), gross(scope=CAMRY)), AS_OF).positions[0].target)
    assert targets == sorted(targets, reverse=True)
    assert targets[-1] == 0


def test_a_full_lot_buys_the_most_valuable_first_and_prices_the_next_place() -> None:
    parts = (
        demand(weekly=1.0),
        gross(scope=CAMRY, average_front_gross=1_200.0),
        demand(segment="used/ford/f150", weekly=1.0, label="used Ford F-150"),
        gross(scope="used/ford/f150", average_front_gross=3_500.0, average_cost=30_000.0),
    )
    free = {advice.segment: advice for advice in review(book(rooftop(), *parts), AS_OF).advice}
    tight = review(book(rooftop(parameters=Parameters(lot_slots=2)), *parts), AS_OF).advice
    assert sum(advice.quantity or 0 for advice in tight) == 2
    assert {advice.segment for advice in tight} == {"used/ford/f150"}
    assert (free["used/ford/f150"].quantity or 0) > 2
    assert "lot is full" in tight[0].reason
    assert any(line.name == "Worth of one more place on the lot" for line in tight[0].evidence)
    assert review(book(rooftop(parameters=Parameters(lot_slots=0)), *parts), AS_OF).advice == ()


def test_the_floorplan_line_is_never_overdrawn() -> None:
    for line in (0, 20_000, 61_000):
        store = rooftop(parameters=Parameters(floorplan_line=line))
        found = review(book(store, demand(weekly=2), gross(scope=CAMRY)), AS_OF).advice
        assert sum((advice.quantity or 0) * 17_800 for advice in found) <= line


def test_minimum_presence_is_policy_and_bought_even_at_a_loss() -> None:
    slow = (demand(weekly=0.02), gross(scope=CAMRY))
    assert review(book(rooftop(), *slow), AS_OF).advice == ()
    kept = review(book(rooftop(parameters=Parameters(minimum_presence=2)), *slow), AS_OF).advice
    assert [advice.quantity for advice in kept] == [2]
    assert kept[0].value < 0
    assert any(line.name == "Minimum presence by policy" for line in kept[0].evidence)


def test_an_unknown_cost_is_skipped_and_a_market_median_named() -> None:
    unknown = review(book(demand(weekly=2)), AS_OF)
    assert unknown.advice == ()
    assert "what a unit costs cannot be told" in unknown.skipped[0].reason
    by_median = review(book(demand(weekly=2), market()), AS_OF).advice
    assert "no sales history: the default margin is used" in by_median[0].degraded
    assert any("market median" in (line.formula or "") for line in by_median[0].evidence)


def test_a_shaky_forecast_is_less_sure() -> None:
    known = review(book(demand(weekly=0.3, units_sold=200), gross(scope=CAMRY)), AS_OF).advice[0]
    shaky = review(book(demand(weekly=0.3, units_sold=1), gross(scope=CAMRY)), AS_OF).advice[0]
    assert shaky.quantity == known.quantity
    assert shaky.confidence < known.confidence


def test_targets_give_a_usual_days_supply() -> None:
    used = [each for each in review(group_book(0), AS_OF).positions if each.segment.startswith("used/")]
    supply = sum(each.target for each in used) / sum(each.demand_per_day for each in used)
    assert 30 <= supply <= 60


def test_the_gross_shrinks_to_the_conditions_average() -> None:
    thin = review(
        book(demand(weekly=1), gross(scope=CAMRY, n=5, average_front_gross=2_700.0), gross()), AS_OF
    ).positions[0]
    assert thin.gross.front == pytest.approx((5 * 2_700 + 5 * 1_700) / 10)


def test_averages_of_realised_gross_have_no_bias_added() -> None:
    parts = (demand(weekly=1), gross(scope=CAMRY))
    plain = review(book(rooftop(), *parts), AS_OF).positions[0]
    biased = review(book(replace(rooftop(), parameters=Parameters(gross_bias=-300)), *parts), AS_OF).positions[0]
    assert biased.gross.front == plain.gross.front
