"""What draws a tenant's shoppers is found again in its lives, and advice goes by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recommend_sample_books import AS_OF, CAMRY, aged, book, camry, demand, gross, market, rooftop
from recommend_shoppers import APPEAL, ELASTICITY, FIRST, SHELF, STALENESS, learned, shopping_year

from services.recommend.domain import (
    Action,
    Advice,
    Attraction,
    Parameters,
    UnitLife,
    advise,
    fit_attraction,
    unsupported_numbers,
)
from services.recommend.domain.attraction import LEAST_SALES, fit, fitting, spells_of
from services.recommend.domain.attraction.spells import Stand
from services.recommend.domain.expected_gross import ExpectedGross
from services.recommend.domain.shelf_pull import Crowd
from services.recommend.domain.stocking.shelf_value import ShelfValue, shelf_value
from services.recommend.domain.telling.wording import numbers_in
from services.recommend.domain.time_to_sale import NotConverged

if TYPE_CHECKING:
    from collections.abc import Sequence


def shelf_of(attraction: Attraction, pulls: Sequence[float] = (), per_day: float = 40.0) -> ShelfValue:
    earned = ExpectedGross(1_700.0, 1_000.0, 17_800.0, 40, "", "", ())
    return shelf_value(
        Crowd(attraction, attraction.shoppers[SHELF], {f"UNIT{n}": pull for n, pull in enumerate(pulls)}),
        earned,
        per_day,
        exit_loss=2_000.0,
        inbound=0,
        lead_days=10.0,
        longest_days=180.0,
    )


@pytest.fixture(scope="module", params=[1, 2, 3, 4])
def year(request: pytest.FixtureRequest) -> tuple[Attraction, dict[tuple[str, str], float]]:
    stands, shoppers = shopping_year(request.param)
    found = fit(spells_of(stands, FIRST))
    assert found is not None
    return found, shoppers


def test_known_effects_of_price_and_age_are_found_again(
    year: tuple[Attraction, dict[tuple[str, str], float]],
) -> None:
    found, shoppers = year
    assert found.elasticity == pytest.approx(ELASTICITY, rel=0.3)
    assert found.staleness == pytest.approx(STALENESS, rel=0.3)
    shown = np.array([found.shoppers[shelf] for shelf in shoppers])
    assert np.corrcoef(shown, list(shoppers.values()))[0, 1] > 0.7, "busier shelves are told from quieter ones"
    assert found.appeal in (APPEAL * factor for factor in (0.5, 0.75, 1.0, 1.5))


def test_the_same_lives_teach_the_same_and_too_few_teach_nothing() -> None:
    stands, _ = shopping_year(5)
    spells = spells_of(stands, FIRST)
    assert fit(spells) == fit(spells)
    sold = [stand for stand in stands if stand.sold]
    assert fit(spells_of(sold[: LEAST_SALES - 1], FIRST)) is None
    assert fit(spells_of(sold[:LEAST_SALES], FIRST)) is not None
    assert fit(spells_of([], FIRST)) is None


def test_where_dear_cars_sell_first_nothing_is_taken_for_learned() -> None:
    stands, _ = shopping_year(1, elasticity=-11.0)
    with pytest.raises(NotConverged, match="dearer units sold sooner than cheaper ones"):
        fit(spells_of(stands, FIRST))


def test_lives_in_which_dear_cars_sold_first_teach_a_tenant_nothing() -> None:
    with pytest.raises(NotConverged, match="dearer units sold sooner"):
        fit_attraction(book(market(), demand(), gross()), _dear_first(120), AS_OF)


@pytest.mark.parametrize("elasticity", [2.0, 11.0, 25.0])
@pytest.mark.parametrize("seed", [1, 4])
def test_more_rounds_would_change_nothing(seed: int, elasticity: float, monkeypatch: pytest.MonkeyPatch) -> None:
    stands, _ = shopping_year(seed, elasticity=elasticity)
    spells = spells_of(stands, FIRST)
    found = fit(spells)
    monkeypatch.setattr(fitting, "_TOLERANCE", 1e-7)
    finer = fit(spells)
    assert found is not None
    assert finer is not None
    assert found.appeal == finer.appeal
    assert found.elasticity == pytest.approx(finer.elasticity, rel=0.005, abs=0.01)
    assert found.shoppers == pytest.approx(finer.shoppers, rel=0.02)


def test_a_shelf_where_nothing_ever_stood_is_told_by_its_rooftop_and_its_segment() -> None:
    stands, _ = shopping_year(6)
    missing = ("store0", "used/make/model0")
    found = fit(spells_of([stand for stand in stands if stand.shelf != missing], FIRST))
    assert found is not None
    assert missing not in found.shoppers
    expected = found.by_rooftop["store0"] * found.by_segment["used/make/model0"] / found.usual
    assert found.shoppers_of(missing) == pytest.approx(expected)
    assert found.shoppers_of(("a new store", "used/make/model0")) == found.by_segment["used/make/model0"]
    assert found.shoppers_of(("store0", "used/make/unheard")) is None


def test_a_stay_is_cut_where_a_week_ends_and_where_its_price_moves() -> None:
    came = FIRST + timedelta(days=3)
    prices = [(came, 21_000.0), (FIRST + timedelta(days=9), 20_000.0)]
    stand = Stand(
        vehicle_key="CAMRY1", shelf=SHELF, came=came, began=came, ended=FIRST + timedelta(days=11), sold=True, market_price=20_000.0,
        prices=prices,
    )  # fmt: skip
    spells = spells_of([stand], FIRST)
    assert spells.days.tolist() == [4, 2, 3]
    assert spells.week.tolist() == [0, 1, 1]
    np.testing.assert_allclose(spells.price_to_market, [1.05, 1.05, 1.0])
    assert spells.age.tolist() == [2, 5, 7.5]
    assert spells.sold.tolist() == [False, False, True]


@given(
    st.floats(0.001, 20),
    st.lists(st.floats(0.001, 2), max_size=12),
    st.integers(0, 30),
    st.integers(1, 30),
    st.floats(1, 200),
)
def test_a_further_unit_is_never_worth_more_than_the_one_before(
    shoppers: float, pulls: list[float], available: int, count: int, per_day: float
) -> None:
    shelf = shelf_of(learned(shoppers), pulls, per_day)
    values = shelf.marginal(available, count)
    assert values.shape == (count,)
    assert (np.diff(values) <= 1e-9).all()
    assert shelf.marginal(available + 1, 1)[0] <= values[0] + 1e-9
    added = shelf.prospects(available, count).added
    assert ((added >= 0) & (added <= 1)).all()


def test_more_shoppers_make_a_unit_worth_more() -> None:
    assert shelf_of(learned(0.9)).marginal(3, 1)[0] > shelf_of(learned(0.3)).marginal(3, 1)[0]


def test_a_tenant_without_lives_is_advised_as_before() -> None:
    plain = book(camry(**aged(50)), market(), demand(weekly=1.5), gross(), gross(scope=CAMRY))
    assert fit_attraction(plain, [], AS_OF) is None
    assert fit_attraction(plain, [UnitLife(camry())], AS_OF) is None
    names = {line.name for each in advise(plain, AS_OF) for line in each.evidence}
    assert "Critical ratio" in names
    assert "Days to sell when fresh and at market" not in names


def test_used_units_go_by_the_shoppers_and_new_ones_beside_them_as_before() -> None:
    new = camry("NEW1", segment="new/toyota/camry", condition="new", list_price=22_500.0, **aged(50))
    parts = (market(), market(segment="new/toyota/camry"), demand(weekly=1.5), gross(), gross(scope="new"))
    used = camry("DEAR", list_price=22_500.0, **aged(50))
    alone = {each.vehicle_key: each for each in advise(book(new, *parts), AS_OF)}
    both = {each.vehicle_key: each for each in advise(replace(book(used, new, *parts), attraction=learned()), AS_OF)}
    assert both["NEW1"] == alone["NEW1"]
    assert "Days to sell when fresh and at market" in {line.name for line in both["DEAR"].evidence}


def test_the_evidence_tells_the_arithmetic_that_was_used() -> None:
    dear = camry("DEAR", list_price=21_600.0, **aged(40))
    plain = book(dear, market(), demand(weekly=2.0), gross(), gross(scope=CAMRY))
    busy = advise(replace(plain, attraction=learned(shoppers=1.2)), AS_OF)
    quiet = advise(replace(plain, attraction=learned(shoppers=0.2)), AS_OF)
    for each in (*busy, *quiet):
        assert unsupported_numbers(each.reason, each.evidence) == (), each.reason
    buying = next(each for each in busy if each.action is Action.ACQUIRE)
    lines = {line.name: line for line in buying.evidence}
    assert "Critical ratio" not in lines
    added, earned, leaving, loss, days, per_day = _figures(lines["Value of the last unit advised"].formula)
    told = float(min(numbers_in(lines["Value of the last unit advised"].value)))
    worth = added / 100 * earned - leaving / 100 * loss - days * per_day
    assert worth == pytest.approx(told, abs=0.005 * (earned + loss) + 0.5 * per_day + days)
    assert "find a buyer in about" in buying.reason
    cut = next(each for each in quiet if each.action is Action.REPRICE)
    net = next(line for line in cut.evidence if line.name == "Net if followed")
    sold, cash, left, lane, days, per_day = _figures(net.formula)
    rounded = 0.005 * (cash - lane) + 0.5 * per_day + days
    net_told = sold / 100 * cash + left / 100 * lane - days * per_day
    assert net_told == pytest.approx(float(min(numbers_in(net.value))), abs=rounded)


def test_calls_are_judged_within_a_window_and_told_how_often_that_favours_them() -> None:
    dear = camry("DEAR", list_price=21_600.0, **aged(40))

    def told(shoppers: float) -> Advice:
        given = replace(book(dear, market(), demand(), gross()), attraction=learned(shoppers))
        return next(each for each in advise(given, AS_OF) if each.vehicle_key == "DEAR")

    slow, usual = told(0.02), told(0.2)
    assert slow.action is usual.action is Action.REPRICE
    assert slow.call_confidence is not None
    assert usual.call_confidence is not None
    assert slow.call_confidence > 0.9, (
        "hardly one like it is gone within the window, and whoever stays proves the call"
    )
    assert usual.call_confidence < slow.call_confidence
    assert usual.call_confidence > usual.confidence, "a window favours the call"


def test_confidence_in_a_cut_is_less_where_the_effect_of_price_is_hardly_known() -> None:
    dear = camry("DEAR", list_price=21_600.0, **aged(40))

    def sure(sd: float) -> float:
        given = replace(book(dear, market(), demand(), gross()), attraction=learned(0.2, elasticity_sd=sd))
        return next(each.confidence for each in advise(given, AS_OF) if each.action is Action.REPRICE)

    assert sure(0.1) > sure(5.0)


def test_a_learned_pace_of_sale_is_corrected_neither_for_a_car_nor_for_a_purchase() -> None:
    units = [camry(f"DEAR{number}", list_price=22_400.0, **aged(40)) for number in range(2)]
    parts = (*units, market(), demand(weekly=2.0), gross(), gross(scope=CAMRY))
    slow = rooftop(parameters=Parameters(hazard_scale=0.5))
    plain = advise(replace(book(*parts), attraction=learned(0.4)), AS_OF)
    assert {each.action for each in plain} >= {Action.REPRICE, Action.ACQUIRE}
    assert advise(replace(book(slow, *parts), attraction=learned(0.4)), AS_OF) == plain
    assert not any(each.hazard_scaled for each in plain if each.vehicle_key)
    assert all(each.hazard_scaled for each in advise(book(*parts), AS_OF))


def test_a_life_counts_from_the_day_on_which_its_price_is_known() -> None:
    plain = book(market(), demand(), gross())
    late = [_sold(number, known_after=12) for number in range(LEAST_SALES)]
    known = fit_attraction(plain, late, AS_OF)
    whole = fit_attraction(plain, [_sold(number, known_after=0) for number in range(LEAST_SALES)], AS_OF)
    assert known is not None
    assert whole is not None
    assert known.shoppers[SHELF] > whole.shoppers[SHELF], "the days before are not held against it"


def _sold(number: int, known_after: int) -> UnitLife:
    came = AS_OF - timedelta(days=20 + 2 * number)
    unit = camry(f"SOLD{number}", stock_date=came, group_stock_date=came)
    prices: tuple[tuple[date, float], ...] = ((came + timedelta(days=known_after), 20_000.0),)
    return UnitLife(unit, left=came + timedelta(days=15), sold=True, prices=prices)


def _dear_first(count: int) -> list[UnitLife]:
    """Give lives in which every dear car sold in a week and every cheap one stood for two months."""
    lives = []
    for number in range(count):
        came, dear = AS_OF - timedelta(days=70 + 2 * number), number % 2 == 0
        unit = camry(f"LIFE{number}", stock_date=came, group_stock_date=came)
        left = came + timedelta(days=7 if dear else 60)
        lives.append(UnitLife(unit, left=left, sold=True, prices=((came, 22_000.0 if dear else 18_500.0),)))
    return lives


def _figures(formula: str | None) -> list[float]:
    """Read the figures out of a formula in the order in which they stand there."""
    assert formula is not None
    words = formula.replace("$", " ").replace("%", " ").replace(",", "").split()
    return [float(word) for word in words if word.replace(".", "").isdigit()]
