"""Parameters, holding cost, time to sale and expected net, against sums done by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recommend_sample_books import AS_OF, camry, market

from services.recommend.domain import InvalidParametersError, Parameters, from_mapping
from services.recommend.domain.holding import holding_cost
from services.recommend.domain.market_price import PriceBasis, market_price
from services.recommend.domain.time_to_sale import ageing, base_rate, exposure, life, quality, sojourn, survival
from services.recommend.domain.value import Setting, evaluate

SETTING = Setting(
    dealer_id="north",
    market_price=20_000,
    market_log_sd=0.05,
    base_rate=0.02,
    rate_log_sd=0.3,
    elasticity=8,
    age_days=10,
    staleness=0.1,
    horizon_days=90,
    delay_days=0,
    holding_per_day=40,
    negotiation_discount=0.02,
    back_gross=1_000,
    exit_cash=16_700,
)


def net(setting: Setting, price: float) -> float:
    return float(evaluate([setting], np.array([[price]])).net[0, 0])


def test_holding_cost_by_hand() -> None:
    cost = holding_cost(
        18_250, 20_000, Parameters(floorplan_apr=0.08, overhead_per_day=15, depreciation_per_month=0.015), full=False
    )
    assert cost.interest == pytest.approx(4.0)
    assert cost.cash == pytest.approx(19.0)
    assert cost.depreciation == pytest.approx(20_000 * 0.015 * 12 / 365)
    assert cost.per_day == pytest.approx(cost.cash + cost.economic)


def test_net_of_two_days_by_hand() -> None:
    # A chance of one half a day over two days: sold on day 1 (1/2), on day 2 (1/4), left at the end (1/4).
    setting = replace(SETTING, base_rate=math.log(2), age_days=0, horizon_days=2, holding_per_day=100, staleness=0)
    expected = 0.5 * (20_600 - 100) + 0.25 * (20_600 - 200) + 0.25 * (16_700 - 200)
    assert net(setting, 20_000) == pytest.approx(expected)


def test_net_equals_the_sum_over_days() -> None:
    exposed = exposure(np.array([10.0]), np.array([0.1]), np.array([90.0]), np.array([0.0]))
    rate = np.array([[0.02 * math.exp(-8 * 0.04)]])
    still = np.append(survival(rate, exposed)[0, 0], sojourn(rate, exposed)[0][0, 0])
    sold = still[:-1] - still[1:]
    days = np.arange(1, 91)
    cash = 20_800 * 0.98 + 1_000
    expected = float((sold * (cash - 40 * days)).sum() + still[-1] * (16_700 - 40 * 90))
    assert net(SETTING, 20_800) == pytest.approx(expected)


@given(st.floats(1, 200), st.floats(0.5, 100))
def test_dearer_holding_never_raises_the_value_of_keeping(per_day: float, more: float) -> None:
    assert net(replace(SETTING, holding_per_day=per_day + more), 20_000) < net(
        replace(SETTING, holding_per_day=per_day), 20_000
    )


@given(st.floats(10_000, 30_000), st.floats(1, 5_000))
def test_a_higher_price_lowers_the_hazard_and_lengthens_the_stay(price: float, more: float) -> None:
    valued = evaluate([SETTING], np.array([[price, price + more]]))
    assert valued.daily_hazard[0, 0] > valued.daily_hazard[0, 1]
    assert valued.expected_days[0, 0] <= valued.expected_days[0, 1]


def test_nothing_sells_on_the_road() -> None:
    at_once, later = net(SETTING, 20_000), net(replace(SETTING, delay_days=90), 20_000)
    assert later == pytest.approx(16_700 - 90 * 40)
    assert later < at_once


def test_single_lives_average_to_what_is_expected() -> None:
    exposed = exposure(np.array([40.0]), np.array([0.1]), np.array([88.0]), np.array([3.0]))
    for rate in (0.005, 0.02, 0.08):
        unsold, days = sojourn(np.array([[rate]]), exposed)
        patience = -np.log1p(-(np.arange(20_000) + 0.5) / 20_000)[None, :]
        left, lived = life(np.full(patience.shape, rate), exposed, patience)
        assert left.mean() == pytest.approx(unsold[0, 0], abs=1e-3)
        assert lived.mean() == pytest.approx(days[0, 0], abs=0.05)


@given(st.floats(0.002, 0.2), st.floats(1.0, 3.0), st.floats(0.01, 8.0))
def test_the_same_car_sells_no_later_at_a_quicker_pace(rate: float, quicker: float, patience: float) -> None:
    exposed = exposure(np.array([10.0]), np.array([0.15]), np.array([90.0]), np.array([0.0]))
    waited = np.full((1, 2), patience)
    unsold, days = life(np.array([[rate, rate * quicker]]), exposed, waited)
    assert days[0, 1] <= days[0, 0] <= 90
    assert unsold[0, 1] <= unsold[0, 0]
    assert (days == 90)[unsold == 1].all()


def test_demand_is_shared_by_what_stands_there() -> None:
    assert base_rate(0.1, 5, 32, 10_000, display_days=14) == pytest.approx(0.02, rel=0.02)
    assert base_rate(0.1, 2, 32, 10_000, display_days=14) > base_rate(0.1, 5, 32, 10_000, display_days=14)


def test_even_the_last_one_waits_for_the_customer_it_suits() -> None:
    assert base_rate(5.0, 1, 32, 10**9, display_days=14) == pytest.approx(1 / 14)


def test_without_sales_the_usual_days_decide() -> None:
    assert base_rate(0.1, 2, 30, 0, display_days=14) == pytest.approx(math.log(2) / 30)
    assert base_rate(None, 2, 30, 0, display_days=14) == pytest.approx(math.log(2) / 30)


def test_age_and_standing_while_others_sell_slow_a_unit() -> None:
    factors = ageing(np.array([0.0, 30.0, 60.0, 1_000.0]), 0.1)
    np.testing.assert_allclose(factors, [1, 1, math.exp(-0.1), 0.5])
    assert quality(0.02, 100, 0.25) == pytest.approx(1 / 1.5)


def test_market_price_by_the_model() -> None:
    found = market_price(camry(), market(price=20_000), AS_OF)
    assert found is not None
    assert found.basis is PriceBasis.MODEL
    assert found.amount == pytest.approx(20_000)


def test_market_price_falls_back_to_the_list_price_and_says_so() -> None:
    for seen in (None, market(price_log_reference=None), market(price=35_000)):
        found = market_price(camry(), seen, AS_OF)
        assert found is not None
        assert (found.basis, found.amount) == (PriceBasis.LIST, 20_000)
        assert found.caveat
    assert market_price(camry(list_price=None), None, AS_OF) is None


def test_parameters_from_a_mapping_list_what_they_do_not_know() -> None:
    parameters, ignored = from_mapping({"floorplan_apr": 0.06, "zeal": 3, "lot_slots": 40})
    assert (parameters.floorplan_apr, parameters.lot_slots) == (0.06, 40)
    assert ignored == ("zeal",)


def test_parameters_outside_their_limits_are_all_named() -> None:
    with pytest.raises(InvalidParametersError) as failure:
        from_mapping({"floorplan_apr": 8, "horizon_days": 0, "review_days": float("nan")})
    for name in ("floorplan_apr is 8", "horizon_days", "review_days"):
        assert name in str(failure.value)
    with pytest.raises(InvalidParametersError, match="no price would be allowed"):
        Parameters(floor_to_market=1.2, ceiling_to_market=1.1)


def test_group_days_are_not_restarted_by_a_transfer() -> None:
    unit = camry(stock_date=AS_OF - timedelta(days=3), group_stock_date=AS_OF - timedelta(days=50))
    assert (unit.store_days(AS_OF), unit.group_days(AS_OF)) == (3, 50)
