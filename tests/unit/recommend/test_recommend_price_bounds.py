"""What bounds a price: floors and ceilings, the market, the first tag a unit had, and customary endings."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recommend_sample_books import AS_OF, aged, book, camry, demand, market, rooftop

from services.recommend.domain import Action, Advice, Parameters, advise
from services.recommend.domain.telling.evidence import Fact
from services.recommend.domain.telling.wording import numbers_in
from services.recommend.domain.units.price_range import with_ending


def about(key: str, found: list[Advice]) -> Advice | None:
    return next((advice for advice in found if advice.vehicle_key == key), None)


@given(
    list_price=st.floats(12_000, 32_000),
    cost=st.floats(10_000, 26_000),
    weekly=st.floats(0, 3),
    days=st.integers(0, 300),
    to_market=st.sampled_from((0.80, 0.90)),
    to_cost=st.sampled_from((0.0, 0.95)),
)
@settings(max_examples=60)
def test_no_price_is_ever_outside_floor_and_ceiling(
    list_price: float, cost: float, weekly: float, days: int, to_market: float, to_cost: float
) -> None:
    unit = camry(list_price=list_price, cost=cost, recon_cost=0.0, **aged(days))
    store = rooftop(parameters=Parameters(floor_to_market=to_market, floor_to_cost=to_cost))
    for advice in advise(book(store, unit, market(), demand(weekly=weekly)), AS_OF):
        if advice.action is Action.REPRICE:
            assert advice.price is not None
            comparable = 0.80 <= list_price / 20_000 <= 1.25
            worth = 20_000 if comparable else list_price
            assert advice.price >= max(to_market * worth, to_cost * cost) - 1e-6
            assert advice.price <= 1.08 * worth + 1e-6
            assert abs(advice.price - list_price) >= max(100, 0.01 * list_price)


def test_what_a_unit_cost_holds_its_price_up_only_where_the_dealer_says_so() -> None:
    """What it cost is spent: a car that was bought too dear is priced as one that was not, and the loss is told."""

    def priced(cost: float, **policy: float) -> Advice:
        unit = camry(list_price=21_500.0, cost=cost, recon_cost=0.0, **aged(75))
        store = rooftop(parameters=Parameters(floorplan_apr=0.0, **policy))
        found = about("CAMRY1", advise(book(store, unit, market(), demand(weekly=0.3)), AS_OF))
        assert found is not None
        assert found.action is Action.REPRICE
        return found

    dear, fair, held = priced(22_000.0), priced(16_000.0), priced(22_000.0, floor_to_cost=0.95)
    assert dear.price == fair.price
    assert dear.price is not None
    assert held.price is not None
    assert dear.price < 0.95 * 22_000 <= held.price
    assert "less than the $22,000 in it, back gross aside; that money is spent at any price" in dear.reason
    assert "that money is spent" not in fair.reason


@pytest.mark.parametrize("cost", [None, 17_800.0])
@pytest.mark.parametrize("known", [True, False])
def test_cuts_do_not_lower_what_the_next_cut_starts_from(cost: float | None, *, known: bool) -> None:
    """A price followed from week to week stops at the floor under the market, or under the first tag it had."""
    first, day, price = 17_500.0, 45, 17_500.0
    worth = market(price_residual_sd=0.15) if known else demand(weekly=0.05)
    for _ in range(10):
        unit = camry(list_price=price, first_price=first, cost=cost, **aged(day))
        found = about("CAMRY1", advise(book(unit, worth, demand(weekly=0.05)), AS_OF))
        if found is not None and found.action is Action.REPRICE:
            assert found.price is not None
            price = found.price
        day += 8
    assert price < first
    assert price >= 0.80 * first * (1 if not known else 0.98) - 1e-6


@pytest.mark.parametrize("typed", [1.0, 189_900.0])
def test_a_first_tag_that_was_a_slip_of_the_keys_is_nothing_to_go_by(typed: float) -> None:
    unit = camry(list_price=18_990.0, first_price=typed, **aged(75))
    found = about("CAMRY1", advise(book(unit, demand(weekly=0.3)), AS_OF))
    assert found is None or found.action is Action.HOLD


@pytest.mark.parametrize(("first", "tag", "known"), [(24_000.0, 18_990.0, False), (20_000.0, 12_000.0, True)])
def test_the_lane_is_never_said_to_pay_more_than_a_tag_that_nobody_takes(
    first: float, tag: float, known: bool
) -> None:
    unit = camry(list_price=tag, first_price=first, **aged(120))
    found = advise(book(unit, *([market()] if known else []), demand(weekly=0.05)), AS_OF)
    for each in found:
        if each.vehicle_key:
            lane = next(line.value for line in each.evidence if line.name == Fact.EXIT_VALUE)
            assert float(min(numbers_in(lane))) < tag
    assert about("CAMRY1", found) is not None


@pytest.mark.parametrize(("price", "expected"), [(18_463, 18_490), (7_912, 7_890), (184_200, 183_990)])
def test_prices_end_as_is_customary(price: float, expected: float) -> None:
    assert with_ending(price) == expected
