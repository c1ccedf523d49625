"""Which lives teach what draws shoppers: those whose price was seen to be asked, for as long as it was seen."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from recommend_sample_books import AS_OF, CAMRY, book, camry, demand, gross, market

from services.recommend.domain import UnitLife, fit_attraction
from services.recommend.domain.attraction import LEAST_SALES, Attraction

SHELF = ("north", CAMRY)
PLAIN = book(market(), demand(), gross())


def sold(number: int, *asked: tuple[int, float], came: int = 40, stood: int = 25) -> UnitLife:
    """Give a life that began ``came`` days before and ``stood``; asked prices by the day of the stay."""
    first = AS_OF - timedelta(days=came + 2 * number)
    unit = camry(f"SOLD{number}", stock_date=first, group_stock_date=first, list_price=20_000.0)
    prices: tuple[tuple[date, float], ...] = tuple((first + timedelta(days=day), price) for day, price in asked)
    return UnitLife(unit, left=first + timedelta(days=stood), sold=True, prices=prices)


def learned(lives: list[UnitLife]) -> Attraction | None:
    return fit_attraction(PLAIN, lives, AS_OF)


def test_lives_without_a_price_that_was_asked_teach_nothing() -> None:
    """A file of past sales tells the last price only: held for the whole stay it would say that cuts do nothing."""
    assert learned([sold(number) for number in range(3 * LEAST_SALES)]) is None
    seen_at_the_sale = [sold(number, (25, 19_000.0)) for number in range(3 * LEAST_SALES)]
    assert learned(seen_at_the_sale) is None


def test_a_move_on_the_day_of_the_sale_teaches_nothing() -> None:
    plain = learned([sold(number, (0, 20_000.0)) for number in range(LEAST_SALES)])
    told = learned([sold(number, (0, 20_000.0), (25, 19_000.0)) for number in range(LEAST_SALES)])
    earlier = learned([sold(number, (0, 20_000.0), (20, 19_000.0)) for number in range(LEAST_SALES)])
    assert plain is not None
    assert told == plain
    assert earlier != plain


def test_one_sold_on_the_day_it_came_counts_and_one_moved_to_its_buyer_does_not() -> None:
    lives = [sold(number, (0, 20_000.0)) for number in range(LEAST_SALES)]
    quick = [sold(LEAST_SALES + number, (0, 20_000.0), stood=0) for number in range(20)]
    busier, usual = learned([*lives, *quick]), learned(lives)
    assert busier is not None
    assert usual is not None
    assert busier.sales == usual.sales + len(quick)
    moved = [
        UnitLife(
            camry(f"MOVED{number}", stock_date=life.left, group_stock_date=life.unit.group_stock_date),
            left=life.left,
            sold=True,
            prices=life.prices,
        )
        for number, life in enumerate(lives[:20])
    ]
    assert learned([*lives, *moved]) == usual


@pytest.mark.parametrize("stood", [3, 20, 60])
def test_one_car_of_a_segment_never_sold_neither_spoils_the_fit_nor_is_thought_hopeless(stood: int) -> None:
    """A shelf that is alone in its segment, at a store that is alone, is drawn to the usual, not to itself."""
    lives = [sold(number, (0, 20_000.0)) for number in range(LEAST_SALES)]
    came = AS_OF - timedelta(days=stood)
    odd = camry("ODD", segment="used/saab/9-3", stock_date=came, group_stock_date=came, list_price=20_000.0)
    given = book(market(), market(segment="used/saab/9-3"), demand(), gross())
    found = fit_attraction(given, [*lives, UnitLife(odd, prices=((came, 20_000.0),))], AS_OF)
    assert found is not None
    assert 0.15 * found.usual < found.shoppers["north", "used/saab/9-3"] < 1.5 * found.usual


def test_a_sale_dated_in_the_future_teaches_nothing() -> None:
    lives = [sold(number, (0, 20_000.0)) for number in range(LEAST_SALES)]
    slip = sold(LEAST_SALES, (0, 20_000.0), came=0, stood=3 * 365)
    assert learned([*lives, slip]) == learned(lives)
