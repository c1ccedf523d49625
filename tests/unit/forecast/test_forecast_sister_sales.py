"""The time of year that rooftops lend each other."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from services.forecast.domain.frequency import Frequency
from services.forecast.domain.sister_sales import SisterSales, shared_seasons

END = date(2026, 3, 2)
TRUTH = 1 + np.cos(2 * np.pi * (np.arange(12) - 6) / 12) / 3


def sold(weeks: int, *, weekly: float = 40.0, seed: int = 1) -> list[SisterSales]:
    began = END - timedelta(weeks=weeks)
    rng = np.random.default_rng(seed)
    month = Frequency.WEEK.phase_of(began, weeks)
    rates = {
        "used/convertible": weekly * TRUTH[month],
        "used/sedan": np.full(weeks, 60.0),
        "new": np.full(weeks, 9.0),
    }
    return [
        SisterSales(group, began + timedelta(weeks=week), int(units))
        for group, rate in rates.items()
        for week, units in enumerate(rng.poisson(rate))
    ]


def test_each_group_has_its_own_season() -> None:
    found = shared_seasons(sold(104), END, 104)
    assert set(found) == {"", "used", "used/convertible", "used/sedan", "new"}
    assert np.abs(np.array(found["used/convertible"]) - TRUTH).max() < 0.15
    assert np.abs(np.array(found["used/sedan"]) - 1).max() < 0.15


def test_few_sales_lend_little() -> None:
    few, many = (
        np.array(shared_seasons(sold(104, weekly=each), END, 104)["used/convertible"]) for each in (0.2, 40.0)
    )
    assert few.std() < 0.6 * many.std()


@pytest.mark.parametrize("sales", [[], sold(40), [SisterSales("used", END, 9)]])
def test_without_a_year_of_sales_there_is_no_season(sales: list[SisterSales]) -> None:
    assert shared_seasons(sales, END, 104) == {}


def test_what_is_older_or_not_over_yet_does_not_count() -> None:
    known = sold(104)
    more = [
        *known,
        SisterSales("used/convertible", END, 900),
        SisterSales("used/sedan", END - timedelta(weeks=105), 900),
    ]
    assert shared_seasons(more, END, 104) == shared_seasons(known, END, 104)
