"""What cars were asked for day by day, and not at last, decides what their price is found to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recommend_sample_books import AS_OF, book, camry, demand, gross, market

from services.recommend.domain import UnitLife, fit_pace
from services.recommend.domain.lookup import look_up
from services.recommend.domain.pace.spells import Spell, spells_of
from services.recommend.domain.time_to_sale import TRADE_PRIOR, HazardModel
from services.recommend.domain.time_to_sale.features import NAMES

WORTH = 20_000.0
PLAIN = book(
    replace(market(), price_log_reference=float(np.log(WORTH)), price_age_slope=0.0, price_km_slope=0.0),
    demand(weekly=1.5),
    gross(),
)
ELASTICITY = -6.0
PRIOR = float(dict(zip(NAMES, TRADE_PRIOR.mean, strict=True))["price"])


def cut_as_they_age(count: int, seed: int, *, begun_unseen: bool = False) -> list[UnitLife]:
    """Draw cars that are cut by 4 % every other week until they sell, at a chance that obeys ELASTICITY."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        came = AS_OF - timedelta(days=int(rng.integers(2, 360)))
        first = WORTH * float(np.exp(rng.normal(0.06, 0.08)))
        left, prices = None, [(came, first)]
        for day in range(1, (AS_OF - came).days):
            if rng.random() < -np.expm1(-0.02 * (prices[-1][1] / WORTH) ** ELASTICITY):
                left = came + timedelta(days=day)
                break
            if day % 14 == 0:
                prices.append((came + timedelta(days=day), prices[-1][1] * 0.96))
        unit = camry(f"CUT{number}", list_price=prices[-1][1], stock_date=came, group_stock_date=came)
        seen = () if begun_unseen and left is not None and rng.random() < 0.5 else tuple(prices)
        found.append(UnitLife(unit, left, sold=left is not None, prices=seen))
    return found


def elasticity(lives: list[UnitLife]) -> float:
    model = fit_pace(PLAIN, lives, AS_OF)
    assert isinstance(model, HazardModel)
    return model.named()["price"]


def spells(*lives: UnitLife) -> list[Spell]:
    return spells_of(look_up(replace(PLAIN, units=()), AS_OF), lives, AS_OF)


def stood(days: int, *prices: tuple[int, float], sold: bool = True) -> UnitLife:
    came = AS_OF - timedelta(days=days)
    unit = camry("STOOD", list_price=prices[-1][1] if prices else 18_000.0, stock_date=came, group_stock_date=came)
    path = tuple((came + timedelta(days=day), price) for day, price in prices)
    return UnitLife(unit, AS_OF if sold else None, sold=sold, prices=path)


def test_cars_cut_as_they_age_tell_what_a_price_does() -> None:
    lives = cut_as_they_age(1_500, 1)
    assert elasticity(lives) == pytest.approx(ELASTICITY, abs=1.0)
    as_if_asked_all_along = [replace(life, prices=((life.prices[0][0], life.prices[-1][1]),)) for life in lives]
    assert abs(elasticity(as_if_asked_all_along) - ELASTICITY) > 2.0, "the last price would have misled"


def test_sales_known_from_a_file_alone_neither_hide_nor_invent_what_a_price_does() -> None:
    assert elasticity(cut_as_they_age(1_500, 2, begun_unseen=True)) == pytest.approx(ELASTICITY, abs=1.2)


def test_lives_whose_price_nobody_saw_leave_its_effect_as_the_trade_has_it() -> None:
    lives = [replace(life, prices=()) for life in cut_as_they_age(600, 3)]
    assert elasticity(lives) == pytest.approx(PRIOR, abs=0.01)


def test_a_life_is_cut_where_its_price_moved_and_a_move_on_the_day_of_the_sale_is_the_sales_own() -> None:
    found = spells(stood(30, (0, 22_000.0), (10, 21_000.0), (30, 18_000.0)))
    assert [(each.age, each.until, each.price, each.sold) for each in found] == [
        (0.0, 10.0, 22_000.0, False),
        (10.0, 30.0, 21_000.0, True),
    ]


def test_days_before_a_price_was_seen_count_without_one() -> None:
    found = spells(stood(30, (12, 21_000.0), sold=False))
    assert [(each.age, each.until, each.price, each.sold) for each in found] == [
        (0.0, 7.0, None, False),
        (7.0, 12.0, None, False),
        (12.0, 30.0, 21_000.0, False),
    ]


def test_a_life_that_began_over_a_year_ago_begins_at_the_price_it_had_then() -> None:
    found = spells(stood(400, (0, 22_000.0), (20, 21_000.0), (380, 20_000.0)))
    assert [(each.age, each.until, each.price) for each in found] == [
        (35.0, 380.0, 21_000.0),
        (380.0, 400.0, 20_000.0),
    ]


def test_a_car_that_left_long_ago_is_held_against_what_one_of_its_age_was_worth() -> None:
    falling = book(replace(market(), price_log_reference=10.5, price_age_slope=-0.1, price_km_slope=0.0), gross())
    came = AS_OF - timedelta(days=330)
    unit = camry("GONE", list_price=None, stock_date=came, group_stock_date=came)
    lookup = look_up(replace(falling, units=()), AS_OF)
    gone, here = (
        spells_of(lookup, [UnitLife(unit, left, sold=left is not None)], AS_OF)[0]
        for left in (came + timedelta(days=30), None)
    )
    assert np.log(gone.market_price / here.market_price) == pytest.approx(0.1 * 300 / 365.25, rel=0.01)


def test_a_sale_dated_in_the_future_teaches_nothing() -> None:
    assert not spells(replace(stood(30, (0, 21_000.0)), left=AS_OF + timedelta(days=9)))


@given(
    st.integers(1, 500),
    st.lists(st.tuples(st.integers(-20, 520), st.floats(17_000, 24_000)), max_size=8, unique_by=lambda move: move[0]),
    st.booleans(),
)
def test_however_it_is_cut_every_watched_day_counts_once(
    days: int, moves: list[tuple[int, float]], sold: bool
) -> None:
    found = spells(stood(days, *sorted(moves), sold=sold))
    assert sum(each.until - each.age for each in found) == min(days, 365)
    assert sum(each.sold for each in found) == sold
    assert [each.until for each in found[:-1]] == [each.age for each in found[1:]]
    assert found[-1].until == days


def test_spells_know_the_shelf_as_it_was_when_they_began() -> None:
    early = [replace(stood(90, (0, 21_000.0)), left=AS_OF - timedelta(days=60)) for _ in range(4)]
    cut_late = stood(90, (0, 21_000.0), (60, 20_000.0), sold=False)
    crowded, alone = [each.on_hand for each in spells(cut_late, *early) if each.life == 0]
    assert (crowded, alone) == (5, 1)
