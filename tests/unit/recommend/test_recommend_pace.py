"""What a tenant's own sales teach of its pace, and that advice goes by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from recommend_sample_books import AS_OF, aged, book, camry, demand, gross, market

from services.recommend.domain import Action, TenantBook, UnitLife, advise, fit_pace
from services.recommend.domain.lookup import look_up
from services.recommend.domain.time_to_sale import HazardModel
from services.recommend.domain.units.appraisal import appraise
from services.recommend.domain.value import evaluate

PLAIN = book(market(), demand(weekly=1.5), gross())


def lives(daily: float, count: int = 600, seed: int = 5, elasticity: float = 8.0) -> list[UnitLife]:
    """Draw lives that sell at a chance a day which falls with the price to market."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        price = 20_000 * float(rng.uniform(0.92, 1.08))
        came = AS_OF - timedelta(days=int(rng.integers(1, 340)))
        wait = 1 + int(rng.exponential(1 / (daily * np.exp(-elasticity * (price / 20_000 - 1)))))
        unit = replace(camry(f"CAMRY{number}", list_price=price), stock_date=came, group_stock_date=came)
        left = came + timedelta(days=wait)
        found.append(UnitLife(unit, left, sold=True) if left <= AS_OF else UnitLife(unit))
    return found


@pytest.fixture(scope="module")
def quick() -> HazardModel:
    """Give a model of a store where cars go twice as fast as is usual."""
    model = fit_pace(PLAIN, lives(0.06), AS_OF)
    assert model is not None
    return model


def keeping(found: TenantBook) -> float:
    advice = next(each for each in advise(found, AS_OF) if each.vehicle_key == "DEAR")
    return float(next(line.value for line in advice.evidence if line.name == "Expected days if nothing is done"))


def test_a_pace_is_only_trusted_where_it_beats_the_prior_on_units_held_out() -> None:
    assert fit_pace(PLAIN, [], AS_OF) is None
    assert fit_pace(PLAIN, lives(0.06, count=30), AS_OF) is None
    assert fit_pace(book(demand(), gross()), lives(0.06), AS_OF) is None, "without a market nothing can be compared"


def test_a_group_that_sells_much_has_a_pace_of_its_own() -> None:
    model = fit_pace(PLAIN, lives(0.06, count=13_000), AS_OF)
    assert model is not None
    assert model.sales > 10_000


def test_a_store_that_sells_fast_is_advised_by_its_own_pace(quick: HazardModel) -> None:
    slow = fit_pace(PLAIN, lives(0.01), AS_OF)
    assert slow is not None
    dear = camry("DEAR", list_price=22_500.0, **aged(40))
    given = book(dear, market(), demand(weekly=1.5), gross())
    assert keeping(replace(given, pace=quick)) < keeping(replace(given, pace=slow))


def test_advice_by_a_fitted_pace_repeats_and_stays_in_bounds(quick: HazardModel) -> None:
    units = [camry(f"CAMRY{number}", list_price=18_500.0 + 900 * number, **aged(20 * number)) for number in range(6)]
    given = replace(book(*units, market(), demand(weekly=0.5), gross()), pace=quick)
    found = advise(given, AS_OF)
    assert found == advise(given, AS_OF)
    assert found
    for advice in found:
        assert 0 <= advice.confidence <= 1
        if advice.action is Action.REPRICE:
            assert advice.expected_daily_hazard is not None
            assert 0 < advice.expected_daily_hazard < 1


def test_the_model_of_a_setting_decides_its_days(quick: HazardModel) -> None:

    given = book(camry(), market(), demand(weekly=0.5), gross())
    usual = appraise(look_up(given, AS_OF), given.units[0], "north", AS_OF)
    fitted = appraise(look_up(replace(given, pace=quick), AS_OF), given.units[0], "north", AS_OF)
    assert usual is not None
    assert fitted is not None
    prices = np.array([[19_000.0, 20_000.0, 21_500.0]])
    by_model = evaluate([fitted.setting], prices)
    assert (np.diff(by_model.expected_days[0]) > 0).all()
    assert not np.allclose(by_model.expected_days, evaluate([usual.setting], prices).expected_days)
