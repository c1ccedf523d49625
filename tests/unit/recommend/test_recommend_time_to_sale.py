"""The fitted time to sale against lives whose law is known."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommend.domain.time_to_sale import (
    NAMES,
    TRADE_PRIOR,
    Calibration,
    HazardModel,
    HazardPrior,
    Lives,
    UnitFeatures,
    fit,
    sojourn,
    stay,
)

AS_OF = date(2026, 3, 2)
TRUTH = {"intercept": -3.6, "price": -6.0, "age": -0.3, "demand": 0.6}


def simulated(
    count: int, seed: int, *, entered: bool = False, watched: float = 90.0, sold_price: float = -6.0
) -> Lives:
    """Let units stand until they sell by ``TRUTH``; watched for a while, some only from an age on."""
    rng = np.random.default_rng(seed)
    price = 20_000 * np.exp(rng.normal(0, 0.05, count))
    demand = rng.uniform(0.02, 0.3, count)
    entry = np.floor(rng.uniform(0, 40, count)) if entered else np.zeros(count)
    pace = np.exp(-3.6 + sold_price * np.log(price / 20_000) + 0.6 * np.log(demand / 3 / (math.log(2) / 32)))
    born, units = [], []
    for unit in range(count):
        day = 0.0
        while day < entry[unit] + watched:
            day += 1
            if rng.random() < 1 - math.exp(-pace[unit] * math.exp(-0.3 * day / 30)):
                break
        else:
            day = math.inf
        if day > entry[unit]:  # one that sold before anyone watched is never heard of
            born.append(day)
            units.append(unit)
    kept = np.array(units)
    until = np.minimum(np.array(born), entry[kept] + watched)
    features = UnitFeatures.of(
        AS_OF, np.full(len(kept), 20_000.0), entry[kept], demand_per_day=demand[kept], on_hand=np.full(len(kept), 3.0)
    )
    return Lives.of(features, kept, price[kept], until, np.isfinite(born))


def one_unit(**more: object) -> UnitFeatures:
    return UnitFeatures.of(AS_OF, [20_000.0], [10.0], **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def model() -> HazardModel:
    return fit(simulated(3_000, 1))


def test_recovers_the_law_behind_many_lives(model: HazardModel) -> None:
    found = model.named()
    assert found["price"] == pytest.approx(TRUTH["price"], abs=0.8)
    assert found["demand"] == pytest.approx(TRUTH["demand"], abs=0.1)
    assert model.sales > 2_000
    assert model.gain is not None
    assert model.gain > 0.05


def test_its_curve_is_that_of_the_law(model: HazardModel) -> None:
    features = UnitFeatures.of(AS_OF, [20_000.0], [0.0], demand_per_day=[0.1], on_hand=[3.0])
    days = np.arange(1, 61)
    pace = math.exp(-3.6 + 0.6 * math.log(0.1 / 3 / (math.log(2) / 32)))
    truth = np.exp(-np.cumsum(pace * np.exp(-0.3 * days / 30)))
    np.testing.assert_allclose(model.survival(features, np.array([20_000.0]), 60)[0, 1:], truth, atol=0.04)


def test_late_entries_do_not_make_the_market_look_slow() -> None:
    found = fit(simulated(3_000, 2, entered=True)).survival(
        UnitFeatures.of(AS_OF, [20_000.0], [0.0], demand_per_day=[0.1], on_hand=[3.0]), np.array([20_000.0]), 30
    )
    pace = math.exp(-3.6 + 0.6 * math.log(0.1 / 3 / (math.log(2) / 32)))
    truth = math.exp(-sum(pace * math.exp(-0.3 * day / 30) for day in range(1, 31)))
    assert found[0, 30] == pytest.approx(truth, abs=0.05)


def test_units_watched_for_a_fortnight_only_tell_the_same_pace() -> None:
    short, long = fit(simulated(4_000, 3, watched=14)), fit(simulated(4_000, 3))
    price = np.array([20_000.0])
    features = UnitFeatures.of(AS_OF, [20_000.0], [0.0], demand_per_day=[0.1], on_hand=[3.0])
    assert short.survival(features, price, 14)[0, 14] == pytest.approx(
        long.survival(features, price, 14)[0, 14], abs=0.03
    )


def test_few_sales_hardly_move_the_prior_and_many_do() -> None:
    apart = [abs(fit(simulated(count, 5, sold_price=-12.0)).named()["price"] + 12.0) for count in (10, 100, 3_000)]
    prior = abs(dict(zip(NAMES, TRADE_PRIOR.mean, strict=True))["price"] + 12.0)
    assert prior >= apart[0] > apart[1] > apart[2]
    assert apart[0] > 0.6 * prior
    assert apart[2] < 1.2


def test_without_lives_it_is_the_prior() -> None:
    nothing = Lives.of(UnitFeatures.of(AS_OF, [], []), [], [], [], [])
    model = fit(nothing)
    np.testing.assert_allclose(model.coefficients, TRADE_PRIOR.mean)
    assert (model.sales, model.units, model.gain, model.calibration) == (0, 0, None, Calibration())


def test_the_prior_sells_half_of_used_cars_at_the_market_in_32_days() -> None:
    fresh = UnitFeatures.of(date(2026, 6, 1), [20_000.0], [0.0])
    curve = HazardModel.of_prior().survival(fresh, np.array([20_000.0]), 40)[0]
    assert curve[32] == pytest.approx(0.5, abs=0.03)


def test_a_part_of_the_tenant_leans_on_the_whole(model: HazardModel) -> None:
    few = fit(simulated(15, 9), model.as_prior(0.2)).named()["price"]
    assert few == pytest.approx(model.named()["price"], abs=0.8)


def test_the_same_lives_give_the_same_model() -> None:
    one, other = fit(simulated(300, 7)), fit(simulated(300, 7))
    np.testing.assert_array_equal(one.coefficients, other.coefficients)
    assert one.calibration.shift == other.calibration.shift


@given(
    st.floats(0.62, 1.5),
    st.floats(0.005, 0.1),
    st.floats(0, 150),
    st.floats(20, 200),
    st.integers(0, 40),
    st.booleans(),
)
def test_curves_fall_from_one_and_lower_prices_are_never_slower(
    to_market: float, step: float, age: float, supply: float, photos: int, new: bool
) -> None:
    features = UnitFeatures.of(AS_OF, [20_000.0], [age], new=[new], days_supply=[supply], photos=[float(photos)])
    prices = 20_000 * np.array([to_market, to_market + step])
    cheaper, dearer = HazardModel.of_prior().survival(features, prices, 90)
    assert cheaper[0] == dearer[0] == 1.0
    assert (np.diff(cheaper) <= 0).all()
    assert (cheaper[1:] <= dearer[1:]).all()
    assert 0 < cheaper[-1] < 1


def test_demand_photos_and_a_short_market_speed_a_unit_up() -> None:
    model, price = HazardModel.of_prior(), np.array([20_000.0])

    def left(**more: object) -> float:
        return float(model.survival(one_unit(**more), price, 30)[0, 30])

    assert left(demand_per_day=[0.2], on_hand=[2.0]) < left(demand_per_day=[0.2], on_hand=[9.0])
    assert left(days_supply=[30.0]) < left() < left(days_supply=[120.0])
    assert left(photos=[30.0]) < left(photos=[2.0])
    assert left() < left(new=[True])


def test_what_is_unknown_changes_nothing() -> None:
    model, price = HazardModel.of_prior(), np.array([20_000.0])
    unknown = one_unit(demand_per_day=[None], on_hand=[4.0], days_supply=[None], photos=[None])
    np.testing.assert_array_equal(model.survival(unknown, price, 30), model.survival(one_unit(), price, 30))


def test_many_units_and_prices_are_each_as_alone() -> None:
    model, rng = HazardModel.of_prior(), np.random.default_rng(2)
    market, age = rng.uniform(10_000, 50_000, 40), rng.integers(0, 200, 40).astype(float)
    prices = market[:, None] * np.linspace(0.9, 1.1, 5)
    together = model.survival(UnitFeatures.of(AS_OF, market, age), prices, 60)
    assert together.shape == (40, 5, 61)
    alone = model.survival(UnitFeatures.of(AS_OF, market[7:8], age[7:8]), prices[7], 60)
    np.testing.assert_allclose(together[7], alone)


def test_nothing_sells_on_the_road() -> None:
    curve = HazardModel.of_prior().survival(one_unit(), np.array([20_000.0]), 20, delay=np.array([5.0]))[0]
    assert (curve[:6] == 1).all()
    assert curve[6] < 1


def test_rate_and_exposure_stand_in_for_the_parameters_intensity() -> None:
    """What values are reckoned with gives the same stay as the curve."""
    model, prices = HazardModel.of_prior(), np.array([[19_000.0, 20_000.0, 21_000.0]])
    horizon, delay = np.array([90.0]), np.array([3.0])
    unsold, days = stay(model.survival(one_unit(), prices, 90, delay=delay))
    rate = model.rate(one_unit(), prices)
    found = sojourn(rate, model.exposure(one_unit(), horizon, delay))
    np.testing.assert_allclose(found[0], unsold)
    np.testing.assert_allclose(found[1], days)


def test_a_pace_is_known_the_better_the_more_was_sold() -> None:
    price = np.array([20_500.0])
    sds = [float(fit(simulated(count, 4)).log_rate_sd(one_unit(), price)[0]) for count in (5, 100, 2_000)]
    assert sds == sorted(sds, reverse=True)
    assert sds[2] < 0.3


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (lambda: UnitFeatures.of(AS_OF, [20_000.0, 1.0], [3.0]), r"age_days has shape \(1,\)"),
        (lambda: UnitFeatures.of(AS_OF, [0.0], [3.0]), "unit 0: market price 0.0"),
        (lambda: UnitFeatures.of(AS_OF, [9.0], [-1.0]), "age -1.0 days"),
        (lambda: Lives.of(one_unit(), [1], [9.0], [10.0], [True]), "it needs a day at least"),
        (lambda: Lives.of(one_unit(), [1, 2], [9.0], [12.0], [True]), "the features describe 1 spells"),
        (lambda: HazardPrior(np.zeros(3), np.eye(3)), "the model has"),
        (lambda: HazardModel.of_prior().survival(one_unit(), np.ones((2, 3)), 5), "one row of prices each"),
    ],
)
def test_bad_input_is_refused_with_what_to_do(broken: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        broken()  # type: ignore[operator]
