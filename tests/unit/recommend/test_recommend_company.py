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
from services.recommend.domain.confidence import make_draws
from services.recommend.domain.value import Attracted, Setting, evaluate, evaluate_draws
from services.recommend.domain.wording import numbers_in

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
    assert len(cut) < 8
    alone = [each for each in advised(eight[0], shoppers=0.4) if each.action is Action.REPRICE]
    assert sum(each.value for each in cut) < 8 * 387, "a customer is counted once"
    assert len(alone) <= 1


@given(st.lists(st.floats(0.92, 1.15), min_size=2, max_size=8), st.floats(0.05, 1.5), st.integers(0, 90))
def test_what_new_prices_bring_is_what_the_whole_shelf_gains(ratios: list[float], shoppers: float, days: int) -> None:
    units = [camry(f"CAR{n}", list_price=20_000.0 * ratio, **aged(days)) for n, ratio in enumerate(ratios)]
    for each in advised(*units, shoppers=shoppers):
        assert unsupported_numbers(each.reason, each.evidence) == (), each.reason
        if each.action is Action.REPRICE:
            lines = {line.name: float(min(numbers_in(line.value))) for line in each.evidence if "$" in line.value}
            signed = -1 if "costs those beside it" in each.reason else 1
            own = lines["Net if followed"] - lines["Net if nothing is done"]
            told = own + signed * lines.get("Change for those beside it", 0.0)
            assert each.value == pytest.approx(told, abs=3)


@pytest.mark.parametrize("shoppers", [0.1, 0.15, 0.2, 0.25, 0.3, 0.35])
@pytest.mark.parametrize("days", [61, 75, 90])
def test_a_hold_names_the_margin_that_it_is_held_by(shoppers: float, days: int) -> None:
    unit = camry(list_price=20_190.0, **aged(days) | {"priced_on": AS_OF})
    for each in advised(unit, shoppers=shoppers):
        if each.action is Action.HOLD and "it takes" in each.reason:
            better, needed = (float(min(numbers_in(part.split(" ")[0]))) for part in _after(each.reason))
            assert better < needed, each.reason


def test_a_course_that_brings_more_than_the_one_advised_says_what_it_lacks() -> None:
    found = [
        (each, other)
        for shoppers in (0.1, 0.15, 0.2, 0.25, 0.3)
        for each in advised(camry(list_price=22_000.0, **aged(90)), shoppers=shoppers)
        for other in each.alternatives
        if each.vehicle_key and other.value > each.value
    ]
    assert found
    for each, other in found:
        assert other.action is Action.WHOLESALE
        assert "more to be worth leaving for" in other.detail, (each.reason, other.detail)


def _after(reason: str) -> tuple[str, str]:
    _, _, rest = reason.partition("That is only ")
    better, _, rest = rest.partition(" better; it takes ")
    return better, rest
