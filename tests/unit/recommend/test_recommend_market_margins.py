"""How much a segment is wanted is told by the market's sales as well, most of all where the store's own tell little."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recommend_sample_books import AS_OF, CAMRY, book, camry, market, rooftop
from recommend_shoppers import FIRST, shopping_year

from services.recommend.domain import UnitLife, fit_attraction
from services.recommend.domain.attraction import fit, spells_of
from services.recommend.domain.attraction.margins import Margins

HARDLY_SEEN = ("store0", "used/make/model0")
WELL_SEEN = ("store1", "used/make/model1")


def test_the_market_tells_most_of_a_shelf_that_was_hardly_seen() -> None:
    stands, shoppers = shopping_year(1)
    of_it = [stand for stand in stands if stand.shelf == HARDLY_SEEN][:3]
    spells = spells_of([*of_it, *(stand for stand in stands if stand.shelf != HARDLY_SEEN)], FIRST)
    even = dict.fromkeys(shoppers, 1.0)
    found = {name: fit(spells, even | {name: 4.0}) for name in (HARDLY_SEEN, WELL_SEEN)}
    before = fit(spells, even)
    assert before is not None

    def raised(shelf: tuple[str, str]) -> float:
        after = found[shelf]
        assert after is not None
        return after.shoppers[shelf] / before.shoppers[shelf]

    assert raised(HARDLY_SEEN) > 1.4
    assert 1.0 < raised(WELL_SEEN) < 1.15


SHELVES = tuple((f"store{store}", f"used/make/model{model}") for store in range(2) for model in range(3))


@given(
    st.lists(st.floats(0.001, 5), min_size=6, max_size=6),
    st.lists(st.floats(0.001, 50) | st.none(), min_size=6, max_size=6),
    st.floats(0.01, 100),
)
def test_only_what_a_market_sells_more_of_counts_not_how_big_it_is(
    shoppers: list[float], sold: list[float | None], times: float
) -> None:
    known = {shelf: each for shelf, each in zip(SHELVES, sold, strict=True) if each is not None}
    one = Margins.of(SHELVES, known).expected(np.array(shoppers))
    other = Margins.of(SHELVES, {shelf: each * times for shelf, each in known.items()}).expected(np.array(shoppers))
    assert (one > 0).all()
    np.testing.assert_allclose(one, other, rtol=1e-6)
    alone = Margins.of(SHELVES, {}).expected(np.array(shoppers))
    for store in range(2):
        own = [shelf for shelf in range(3 * store, 3 * store + 3) if SHELVES[shelf] in known]
        others = [shelf for shelf in range(3 * store, 3 * store + 3) if shelf not in own]
        np.testing.assert_allclose(one[others], alone[others], rtol=1e-6)
        if own:
            assert one[own].mean() == pytest.approx(alone[own].mean(), rel=1e-6)


def test_one_known_market_alone_tells_nothing() -> None:
    shoppers = np.array([0.2, 0.4, 0.9, 0.3, 0.5, 1.2])
    alone = Margins.of(SHELVES, {SHELVES[2]: 7.0}).expected(shoppers)
    np.testing.assert_allclose(alone, Margins.of(SHELVES, {}).expected(shoppers), rtol=1e-9)


def test_an_old_market_and_an_empty_one_tell_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr("services.recommend.domain.shoppers.fit", lambda _spells, sold: told.append(sold))
    life = UnitLife(camry(), prices=((AS_OF, 20_000.0),))
    for changes in ({}, {"sold_per_day": 0.0, "active_listings": 0}, {"as_of": AS_OF - timedelta(days=61)}):
        fit_attraction(replace(book(rooftop(), market(**changes)), units=()), [life], AS_OF)
    assert told == [{("north", CAMRY): 2.0}, {}, {}]
