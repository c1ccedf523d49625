"""Units are unlike in what no feed shows, and their stays tell it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from recommend_sample_books import AS_OF, book, camry, demand, gross, market
from recommend_shoppers import ELASTICITY, FIRST, STALENESS, learned, shopping_year

from services.recommend.domain.attraction import fit, frailty, spells_of
from services.recommend.domain.lookup import look_up
from services.recommend.domain.units.appraisal import appraise
from services.recommend.domain.value import evaluate


def test_what_a_car_itself_is_is_not_blamed_on_its_age_and_its_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that stay are the poorer ones: taken for alike, they make age look worse and cuts look useless."""
    stands, _ = shopping_year(1)
    unlike = fit(spells_of(stands, FIRST))
    monkeypatch.setattr(frailty, "SHAPE", 1e6)
    alike = fit(spells_of(stands, FIRST))
    assert unlike is not None
    assert alike is not None
    assert abs(unlike.elasticity - ELASTICITY) < abs(alike.elasticity - ELASTICITY) - 1.0
    assert abs(unlike.staleness - STALENESS) < abs(alike.staleness - STALENESS) - 0.03


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_car_is_told_by_how_many_customers_passed_it_by(seed: int) -> None:
    stands, _ = shopping_year(seed)
    found = fit(spells_of(stands, FIRST))
    assert found is not None
    assert found.qualities
    own = [float(key.split()[0]) for key in found.qualities]
    assert np.corrcoef(own, list(found.qualities.values()))[0, 1] > 0.25
    assert max(found.qualities.values()) <= 1.0, "none that nobody bought is better than the usual one"
    assert found.quality("never seen") == 1.0


def test_a_car_that_was_moved_is_not_taken_for_new() -> None:
    stands, _ = shopping_year(1)
    moved = next(stand for stand in stands if not stand.sold and (stand.ended - stand.began).days > 40)
    seen_last = replace(moved, began=moved.ended - timedelta(days=10))
    others = [stand for stand in stands if stand is not moved]
    factors = {}
    for name, stand in (("whole", moved), ("last", seen_last), ("new", replace(seen_last, came=seen_last.began))):
        found = fit(spells_of([*others, stand], FIRST))
        assert found is not None
        factors[name] = found.quality(moved.vehicle_key)
    assert factors["last"] == pytest.approx(factors["whole"], rel=0.3)
    assert factors["last"] < 0.8 * factors["new"]


def test_a_poor_car_waits_longer_and_leaves_more_to_its_neighbours() -> None:
    def days(qualities: dict[str, float]) -> list[float]:
        stock = [camry(), camry("CAMRY2")]
        sold_here = replace(learned(), qualities=qualities)
        lookup = look_up(replace(book(*stock, market(), demand(), gross()), attraction=sold_here), AS_OF)
        found = [appraise(lookup, unit, "north", AS_OF) for unit in stock]
        settings = [each.setting for each in found if each is not None]
        return [float(each) for each in evaluate(settings, np.full((2, 1), 20_000.0)).expected_days[:, 0]]

    usual, poor = days({}), days({"CAMRY1": 0.5})
    assert usual[0] == usual[1]
    assert poor[0] > 1.5 * usual[0]
    assert poor[1] < 0.99 * usual[1]
