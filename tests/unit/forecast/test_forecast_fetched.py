"""Cars fetched for a customer stand for days on an otherwise empty shelf: what they tell of demand, and what not."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.forecast.domain.censoring import fading, lost_sales_per_week, stockout_weeks, unconstrained_rate
from services.forecast.domain.fetched import FETCHED_DAYS
from services.forecast.domain.history import Stay, weekly_history
from services.forecast.domain.series import History

MONDAY = date(2024, 3, 4)
WEEKS = 104
SEGMENT = "used/ford/f150"


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def count(*stays: Stay) -> History:
    return weekly_history(stays, MONDAY, day(7 * WEEKS), WEEKS)[SEGMENT]


def fetched(every: int, times: int, first: int = 3) -> list[Stay]:
    """Stock a car every so many days, and sell it two days later."""
    began = [first + every * number for number in range(times)]
    return [Stay(SEGMENT, day(on), day(on + 2), sold=True) for on in began]


def test_ten_swapped_in_for_customers_are_ten_sales_in_two_years() -> None:
    history = count(*fetched(70, 10))
    assert unconstrained_rate(history) == pytest.approx(10 / history.periods)
    assert (history.values.sum(), stockout_weeks(history)) == (10, 0)


def test_no_rate_is_below_what_is_sold() -> None:
    assert unconstrained_rate(count(*fetched(10, 72))) == pytest.approx(72 / WEEKS)
    one_slow = Stay(SEGMENT, day(-200), day(60), sold=True)
    assert unconstrained_rate(count(one_slow, *fetched(10, 60, first=70))) == pytest.approx(61 / WEEKS)


def test_beside_cars_that_stand_fetched_ones_are_left_out_of_the_rate_and_of_nothing_else() -> None:
    slow = [Stay(SEGMENT, day(100 * n), day(100 * n + 40), sold=True) for n in range(7)]
    history, usual = count(*slow, *fetched(100, 7, first=65)), count(*slow)
    assert (history.values.sum(), history.fetched) == (7, 7)
    assert unconstrained_rate(history) == pytest.approx(7 / (7 * (41 - FETCHED_DAYS) / 7))
    assert history.on_hand.sum() == pytest.approx(usual.on_hand.sum() + 7 * 3 / 7)
    assert stockout_weeks(history) == round(history.periods - history.on_hand.sum())
    assert lost_sales_per_week(history, 1.0) < lost_sales_per_week(usual, 1.0)
    assert fading(history) == 1.0


def steady(rate_a_day: float, seed: int) -> History:
    """Stock one car, sell it to the customer who comes, and another a week later."""
    rng = np.random.default_rng(seed)
    stays, today = [], 0
    while today < 7 * WEEKS:
        sold = today + int(rng.geometric(rate_a_day)) - 1
        stays.append(Stay(SEGMENT, day(today), day(sold), sold=True))
        today = sold + 8
    return count(*stays)


@pytest.mark.parametrize("rate", [0.05, 0.15, 0.35])
def test_customers_who_come_at_a_steady_rate_are_believed_however_soon_they_buy(rate: float) -> None:
    histories = [steady(rate, seed) for seed in range(40)]
    believed = [history for history in histories if not history.fetched and history.exposure.min() < 1]
    assert len(believed) >= 38
    assert np.mean([unconstrained_rate(history) or 0 for history in believed]) == pytest.approx(7 * rate, rel=0.1)


def test_the_first_days_of_a_car_that_only_came_tell_what_they_told() -> None:
    history = count(Stay(SEGMENT, day(7 * WEEKS - 2), None, sold=False))
    assert history.exposure == pytest.approx([2 / 7])
    assert history.values.tolist() == [0]


STAYS = st.lists(
    st.tuples(st.integers(-30, 7 * WEEKS - 1), st.integers(0, 40), st.booleans()), min_size=1, max_size=60
)


@given(STAYS)
def test_no_sale_is_lost_and_no_rate_is_below_all_sales(drawn: list[tuple[int, int, bool]]) -> None:
    stays = [Stay(SEGMENT, day(on), day(on + length), sold=sold) for on, length, sold in drawn]
    history = count(*stays)
    inside = sum(stay.sold and stay.left is not None and MONDAY <= stay.left < day(7 * WEEKS) for stay in stays)
    assert history.values.sum() + history.fetched == inside
    assert ((history.exposure >= 0) & (history.exposure <= history.on_hand + 1e-9) | (history.exposure == 1)).all()
    rate = unconstrained_rate(history)
    if rate is not None:
        assert rate >= inside / history.periods - 1e-9


def test_what_is_forgotten_is_forgotten_of_all_of_it() -> None:
    history = count(
        *[Stay(SEGMENT, day(100 * n), day(100 * n + 60), sold=True) for n in range(7)], *fetched(50, 14, 65)
    )
    before = history.before(10)
    assert before.on_hand.shape == before.values.shape == (history.periods - 10,)
