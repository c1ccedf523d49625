"""Units of a shelf share its shoppers: what a price, a stay and an exit are worth in company."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recommend_sample_books import AS_OF, CAMRY, aged, book, camry, demand, gross, market, rooftop
from recommend_shoppers import learned

from services.recommend.domain import Action, Parameters, advise, unsupported_numbers
from services.recommend.domain.confidence.units import make_draws
from services.recommend.domain.telling.wording import numbers_in
from services.recommend.domain.value import Attracted, Setting, evaluate, evaluate_draws

if TYPE_CHECKING:
    from services.recommend.domain import Advice, Unit

LONGEST = 2 * Parameters().horizon_days
SETTING = Setting(
    dealer_id="north",
    market_price=20_000.0,
    market_log_sd=0.0,
    base_rate=0.02,
    rate_log_sd=0.0,
    elasticity=11.0,
    age_days=0.0,
    staleness=0.15,
    horizon_days=90.0,
    delay_days=0.0,
    holding_per_day=44.0,
    negotiation_discount=0.015,
    back_gross=1_000.0,
    exit_cash=16_700.0,
    attracted=Attracted(shoppers=0.4, appeal=0.2, staleness=0.4, others=7, beside=1.4, elasticity_log_sd=0.0),
)


def advised(*units: Unit, shoppers: float, parameters: Parameters | None = None, weekly: float = 1.0) -> list[Advice]:
    parts = (market(), demand(weekly=weekly), gross(), gross(scope=CAMRY), rooftop(parameters=parameters))
    return advise(replace(book(*units, *parts), attraction=learned(shoppers)), AS_OF)


def five_slow_ones() -> list[Unit]:
    return [camry(f"SLOW{n}", list_price=20_000.0 * (1.05 + 0.01 * n), **aged(70 + 5 * n)) for n in range(5)]


@pytest.mark.parametrize("shoppers", [0.001, 0.02, 0.05, 0.2])
def test_no_car_is_said_to_stand_for_years_or_to_cost_more_than_that(shoppers: float) -> None:
    found = [each for each in advised(*five_slow_ones(), shoppers=shoppers) if each.vehicle_key]
    assert found
    for each in found:
        told = [*each.reason.split(), *(word for other in each.alternatives for word in other.detail.split())]
        assert "more than 730" not in each.reason
        assert all(float(days) <= LONGEST for days, of in pairwise(told) if of.startswith("days"))
        assert each.value < LONGEST * (each.holding_cost_per_day or 0.0), "no more than what standing so long costs"


def test_a_stay_ends_in_the_lane_by_hand() -> None:
    intensity = 0.4 * 0.2 / (1 + 1.4 + 0.2)
    left = np.exp(-intensity * LONGEST)
    valued = evaluate([SETTING], np.array([[20_000.0]]))
    days = (1 - left) / intensity
    assert valued.expected_days[0, 0] == pytest.approx(days)
    assert valued.net[0, 0] == pytest.approx((1 - left) * 20_700 + left * 16_700 - 44 * days)


@given(st.floats(0.0005, 2.0), st.floats(0.0, 4.0), st.floats(0.9, 1.1))
def test_single_lives_in_company_average_to_what_is_expected(
    shoppers: float, beside: float, to_market: float
) -> None:
    setting = replace(
        SETTING,
        attracted=Attracted(
            shoppers=shoppers, appeal=0.2, staleness=0.4, others=4, beside=beside, elasticity_log_sd=0.0
        ),
    )
    price = np.array([20_000.0 * to_market])
    draws = make_draws(40_000)
    lived = evaluate_draws([setting], price, draws)
    expected = evaluate([setting], price[:, None]).net[0, 0]
    assert lived.mean() == pytest.approx(expected, abs=6 * lived.std() / 40_000**0.5 + 1)


def test_eight_alike_are_not_all_cut_for_customers_they_take_from_each_other() -> None:
    eight = [camry(f"LIKE{n}", list_price=21_200.0) for n in range(8)]
    cut = [each for each in advised(*eight, shoppers=0.4) if each.action is Action.REPRICE]
    assert not cut, "what each would gain it would mostly take from its neighbours"
    alone = advised(camry("ALONE", list_price=21_200.0, **aged(60)), shoppers=0.2)
    assert [each.action for each in alone if each.vehicle_key] == [Action.REPRICE], (
        "its customers come from elsewhere"
    )


def test_the_second_of_two_cuts_is_weighed_beside_the_first() -> None:
    two = [camry(f"DEAR{n}", list_price=22_400.0, **aged(45)) for n in range(2)]
    cuts = [each for each in advised(*two, shoppers=0.3) if each.action is Action.REPRICE]
    told = "Expected days if nothing is done"
    first, second = sorted(float(line.value) for each in cuts for line in each.evidence if line.name == told)
    assert first < second, "beside a neighbour that is cheaper now it would stand longer"


def test_what_a_car_costs_its_neighbours_by_hand() -> None:
    pair = replace(
        SETTING,
        attracted=Attracted(shoppers=0.4, appeal=0.2, staleness=0.4, others=1, beside=0.2, elasticity_log_sd=0.0),
    )

    def worth(intensity: float) -> float:
        left = np.exp(-intensity * LONGEST)
        return float((1 - left) * 20_700 + left * 16_700 - 44 * (1 - left) / intensity)

    alone, beside_it = 0.4 * 0.2 / 1.2, 0.4 * 0.2 / 1.4
    lost = 0.5 * (worth(beside_it) - worth(alone))
    assert evaluate([pair], np.array([[20_000.0]])).beside[0, 0] == pytest.approx(lost)
    nobody = replace(pair, attracted=replace(pair.attracted, others=0, beside=0.0))
    assert evaluate([nobody], np.array([[20_000.0]])).beside[0, 0] == 0


@given(st.lists(st.floats(0.92, 1.15), min_size=2, max_size=8), st.floats(0.05, 1.5), st.integers(0, 90))
def test_what_a_new_price_costs_those_beside_it_is_taken_off_what_it_brings(
    ratios: list[float], shoppers: float, days: int
) -> None:
    units = [camry(f"CAR{n}", list_price=20_000.0 * ratio, **aged(days)) for n, ratio in enumerate(ratios)]
    for each in advised(*units, shoppers=shoppers):
        assert unsupported_numbers(each.reason, each.evidence) == (), each.reason
        if each.action is Action.REPRICE:
            lines = {line.name: float(min(numbers_in(line.value))) for line in each.evidence if "$" in line.value}
            signed = -1 if "costs those beside it" in each.reason else 1
            own = lines["Net if followed"] - lines["Net if nothing is done"]
            told = own + signed * lines.get("Change for those beside it", 0.0)
            assert each.value == pytest.approx(told, abs=3)


@pytest.mark.parametrize(("shoppers", "days"), [(0.15, 75), (0.2, 90)])
def test_a_hold_names_the_margin_that_it_is_held_by(shoppers: float, days: int) -> None:
    unit = camry(list_price=20_190.0, **aged(days) | {"priced_on": AS_OF})
    (hold,) = [each for each in advised(unit, shoppers=shoppers) if each.vehicle_key]
    better, needed = (float(min(numbers_in(part.split(" ")[0]))) for part in _after(hold.reason))
    assert needed > 200, hold.reason
    assert better < needed, hold.reason


@pytest.mark.parametrize("weekly", [0.1, 1.0, 4.0])
def test_a_purchase_by_shoppers_is_not_argued_from_the_forecast(weekly: float) -> None:
    bought = next(each for each in advised(camry(), shoppers=0.4, weekly=weekly) if each.action is Action.ACQUIRE)
    assert "customers want" not in bought.reason
    assert "that one sells at about" in bought.reason or "those here sell at about" in bought.reason
    assert unsupported_numbers(bought.reason, bought.evidence) == ()


def test_a_course_that_brings_more_than_the_one_advised_says_what_it_lacks() -> None:
    floored = Parameters(maximum_cut=0.06, floor_to_market=0.9, floor_to_cost=0.95)
    found = [
        (each, other)
        for shoppers in (0.1, 0.15, 0.2, 0.25, 0.3)
        for each in advised(camry(list_price=22_000.0, **aged(90)), shoppers=shoppers, parameters=floored)
        for other in each.alternatives
        if each.vehicle_key and other.value > each.value
    ]
    assert found
    for each, other in found:
        assert other.action is Action.WHOLESALE
        assert "more to be worth leaving for" in other.detail, (each.reason, other.detail)


def test_a_price_that_was_not_advised_shows_what_it_would_cost_the_others() -> None:
    eight = [camry(f"LIKE{n}", list_price=21_200.0, **aged(40)) for n in range(8)]
    others = [
        other
        for each in advised(*eight, shoppers=0.6)
        for other in each.alternatives
        if other.action is Action.REPRICE
    ]
    assert others
    for other in others:
        assert "for those beside it" in other.detail
        assert ("-$" in other.detail) is (float(min(numbers_in(other.detail.split(" ")[1]))) < 21_200)


def test_a_car_on_the_road_has_the_chance_of_sale_that_it_will_have_there() -> None:
    """What came of a transfer is held against it; a chance of nothing would make doing nothing look far too bad."""
    here = evaluate([SETTING], np.array([[20_000.0]]))
    moved = evaluate([replace(SETTING, delay_days=2.0)], np.array([[20_000.0]]))
    assert 0.9 * here.daily_hazard[0, 0] < moved.daily_hazard[0, 0] <= here.daily_hazard[0, 0]


def test_more_is_bought_for_a_season_that_the_forecast_sees_coming() -> None:
    def bought(*weeks: float) -> tuple[int, float]:
        coming = demand(weekly=1.0, weekly_means=weeks)
        given = replace(book(market(), coming, gross(), gross(scope=CAMRY)), attraction=learned(0.4))
        said = next(each for each in advise(given, AS_OF) if each.action is Action.ACQUIRE)
        return said.quantity or 0, said.value

    def weeks(ahead: float, later: float) -> tuple[float, ...]:
        return (ahead,) * 5 + (later,) * 8

    flat, spring, lull = bought(*weeks(1.0, 1.0)), bought(*weeks(1.6, 0.8)), bought(*weeks(0.7, 1.3))
    assert lull < flat < spring
    assert bought(*weeks(2.0, 2.0)) == flat, "a strategy whose level is another sees no season"
    assert bought(*weeks(9.0, 0.1)) == bought(*weeks(5.0, 0.1)), (
        "no forecast is trusted to more than double the shoppers"
    )


def _after(reason: str) -> tuple[str, str]:
    _, _, rest = reason.partition("That is only ")
    better, _, rest = rest.partition(" better; it takes ")
    return better, rest
