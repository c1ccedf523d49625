"""Stays become weekly sales and time on hand, and time without stock is not taken for lack of demand."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from services.forecast.domain.censoring import (
    expected_demand,
    lost_sales_per_week,
    stockout_weeks,
    unconstrained_rate,
)
from services.forecast.domain.history import Stay, weekly_history
from services.forecast.domain.series import History, no_history

MONDAY = date(2025, 9, 1)
AS_OF = MONDAY + timedelta(weeks=4, days=2)
SEGMENT = "used/ford/f150"


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def count(*stays: Stay, as_of: date = AS_OF, weeks: int = 104) -> History:
    return weekly_history(stays, MONDAY, as_of, weeks)[SEGMENT]


def test_a_sale_falls_in_its_week_and_the_unit_is_on_hand_from_stocking_to_leaving() -> None:
    history = count(Stay(SEGMENT, day(0), day(9), sold=True))
    assert history.first == MONDAY
    assert history.values.tolist() == [0, 1, 0, 0]
    assert history.exposure == pytest.approx([1, 3 / 7, 0, 0])


def test_overlapping_units_do_not_count_a_day_twice() -> None:
    history = count(Stay(SEGMENT, day(0), day(6), sold=True), Stay(SEGMENT, day(3), day(6), sold=True))
    assert history.values.tolist() == [2, 0, 0, 0]
    assert history.exposure.tolist() == [1, 0, 0, 0]


def test_the_series_starts_when_the_segment_was_first_stocked() -> None:
    history = count(Stay(SEGMENT, day(16), None, sold=False))
    assert history.first == day(14)
    assert history.exposure == pytest.approx([5 / 7, 1])


def test_only_complete_weeks_count_even_on_a_sunday() -> None:
    stay = Stay(SEGMENT, day(0), day(12), sold=True)
    assert count(stay, as_of=day(13)).values.tolist() == [0]
    assert count(stay, as_of=day(14)).values.tolist() == [0, 1]


def test_what_happens_after_as_of_is_not_known_yet() -> None:
    sold_later = count(Stay(SEGMENT, day(0), AS_OF + timedelta(days=5), sold=True))
    assert sold_later.values.sum() == 0
    assert sold_later.exposure.tolist() == [1, 1, 1, 1]
    assert weekly_history([Stay(SEGMENT, AS_OF + timedelta(days=1), None, sold=False)], MONDAY, AS_OF) == {}


def test_leaving_otherwise_is_no_sale_but_ends_the_time_on_hand() -> None:
    history = count(Stay(SEGMENT, day(0), day(6), sold=False))
    assert history.values.sum() == 0
    assert history.exposure.tolist() == [1, 0, 0, 0]


def test_a_stay_that_began_before_the_window_counts_inside_it() -> None:
    history = count(Stay(SEGMENT, day(-400), day(20), sold=True), weeks=2)
    assert history.first == day(14)
    assert history.values.tolist() == [1, 0]
    assert history.exposure.tolist() == [1, 0]


def test_an_unknown_stock_date_is_taken_from_the_usual_stay() -> None:
    known = [Stay("other", day(0), day(0) + timedelta(days=length), sold=True) for length in (6, 6, 20)]
    history = weekly_history([*known, Stay(SEGMENT, None, day(13), sold=True)], MONDAY, AS_OF)[SEGMENT]
    assert history.first == day(7)
    assert history.exposure.tolist() == [1, 0, 0]


def test_a_unit_corrected_to_have_left_before_it_came_is_on_hand_on_the_day_it_left() -> None:
    history = count(Stay(SEGMENT, day(9), day(8), sold=True))
    assert history.values.tolist() == [1, 0, 0]
    assert history.exposure == pytest.approx([1 / 7, 0, 0])


def test_a_segment_stocked_this_week_is_known_with_an_empty_series() -> None:
    history = count(Stay(SEGMENT, day(29), None, sold=False))
    assert (history.periods, history.end) == (0, day(28))


def test_a_sale_without_a_date_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="used/ford/f150"):
        Stay(SEGMENT, day(0), None, sold=True)


def test_a_series_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="does not start a week"):
        History(SEGMENT, day(1), np.zeros(2), np.ones(2))
    with pytest.raises(ValueError, match="must match"):
        History(SEGMENT, MONDAY, np.zeros(2), np.ones(3))
    with pytest.raises(ValueError, match="between 0 and 1"):
        History(SEGMENT, MONDAY, np.zeros(1), np.full(1, 1.2))


def test_thousands_of_stays_agree_with_counting_one_by_one() -> None:
    rng = np.random.default_rng(7)
    stays = []
    for _ in range(3000):
        stocked = int(rng.integers(-40, 26))
        left = stocked + int(rng.integers(0, 30))
        stays.append(Stay(f"s{rng.integers(20)}", day(stocked), day(left), sold=bool(rng.random() < 0.8)))
    for segment, history in weekly_history(stays, MONDAY, AS_OF).items():
        own = [stay for stay in stays if stay.segment == segment]
        for week in range(history.periods):
            days = [history.first + timedelta(weeks=week, days=k) for k in range(7)]
            assert history.values[week] == sum(stay.sold and stay.left in days for stay in own)
            on_hand = [any(s.stocked <= d <= s.left for s in own if s.stocked and s.left) for d in days]
            assert history.exposure[week] == pytest.approx(np.mean(on_hand))


def simulated_with_stockouts(rate_a_week: float, seed: int) -> History:
    """Stock one unit, sell it at the rate, wait three weeks for the next: physics day by day."""
    rng = np.random.default_rng(seed)
    stays, today, end = [], 0, 104 * 7
    while today < end:
        sold = today + int(rng.exponential(7 / rate_a_week))
        stays.append(Stay(SEGMENT, day(today), day(sold), sold=True))
        today = sold + 21
    return weekly_history(stays, MONDAY, day(end))[SEGMENT]


def test_censoring_recovers_the_rate_that_raw_sales_miss_by_far() -> None:
    histories = [simulated_with_stockouts(1.0, seed) for seed in range(60)]
    estimated = np.mean([unconstrained_rate(history) for history in histories])
    raw = np.mean([history.mean for history in histories])
    assert raw < 0.35
    assert 0.85 < estimated < 1.1


def test_filled_demand_and_lost_sales_add_what_the_gaps_hid() -> None:
    on_hand = np.array([1.0, 1.0, 0.0, 0.0] * 10)
    history = History(SEGMENT, MONDAY, 3.0 * on_hand, on_hand)
    assert expected_demand(history.values[None], history.exposure[None], np.zeros(1, dtype=np.int64))[
        0
    ] == pytest.approx(np.full(40, 3.0))
    assert lost_sales_per_week(history, 3.0) == pytest.approx(1.5, abs=0.1)
    assert stockout_weeks(history) == 20


def test_a_segment_never_stocked_has_no_rate_and_lost_nothing() -> None:
    history = no_history(SEGMENT, AS_OF)
    assert unconstrained_rate(history) is None
    assert lost_sales_per_week(history, 1.0) == 0.0
    assert stockout_weeks(history) == 0
