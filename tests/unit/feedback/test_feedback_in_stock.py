"""Forecasts are held against sales for the time in which there was a vehicle to sell."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.feedback.domain import ForecastWeek, demand_check

MONDAY = date(2026, 3, 2)


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def week(sales: float = 0.0, *, number: int = 0, segment: str = "a") -> ForecastWeek:
    return ForecastWeek(segment, day(7 * number), forecast=2.0, sales=sales)


@pytest.mark.parametrize(
    ("stays", "share"),
    [
        pytest.param([(day(-9), None)], 1, id="all week"),
        pytest.param([(None, day(30))], 1, id="nobody knows since when"),
        pytest.param([(day(-9), day(1))], 2 / 7, id="left on the second day, on which it was there to sell"),
        pytest.param([(day(5), None)], 2 / 7, id="came on the sixth"),
        pytest.param([(day(-9), day(1)), (day(0), day(2)), (day(6), day(6))], 4 / 7, id="no day twice"),
        pytest.param([(day(-9), day(-1)), (day(7), None)], 0, id="before and after"),
        pytest.param([(day(3), day(1))], 1 / 7, id="left before it came, a correction"),
        pytest.param([], 0, id="never"),
    ],
)
def test_a_forecast_counts_for_the_days_with_a_vehicle(
    stays: list[tuple[date | None, date | None]], share: float
) -> None:
    found = demand_check([week(sales=1)], {"a": stays})
    assert (found.weeks, found.sales) == (1, 1)
    assert found.forecast == pytest.approx(2 * share)


def test_weeks_count_once_and_segments_by_themselves() -> None:
    rows = [week(1), week(2, segment="b"), week(3, number=1), week(1, number=1, segment="never stocked")]
    found = demand_check(rows, {"a": [(day(-9), None)], "b": [(day(-9), day(6))]})
    assert (found.weeks, found.sales, found.forecast) == (2, 7, 6)


def test_nothing_forecast_is_nothing_to_learn_from() -> None:
    assert demand_check([], {}).weeks == 0
