"""Countries' calendars are tried on a rooftop's own history, and used where they win on it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from services.forecast.calendars import calendars_of
from services.forecast.domain.calendar import monday
from services.forecast.domain.calendar_effect import NO_EFFECT, USUAL, features
from services.forecast.domain.calendar_learning import learn_effect
from services.forecast.domain.forecast import forecast_dealer
from services.forecast.domain.frequency import Frequency
from services.forecast.domain.panel import Panel, panel_of
from services.forecast.domain.series import History
from services.forecast.strategies import light_strategies

FIRST, WEEKS = date(2023, 1, 2), 156
END = FIRST + timedelta(weeks=WEEKS)


def rooftop(rates: np.ndarray, seed: int, series: int = 40) -> dict[str, History]:
    counts = np.random.default_rng(seed).poisson(np.tile(rates, (series, 1))).astype(np.float64)
    names = [f"used/a/{row}" for row in range(series)]
    return {
        name: History(name=name, first=FIRST, values=values, exposure=np.ones(WEEKS))
        for name, values in zip(names, counts, strict=True)
    }


def panel(rates: np.ndarray, seed: int) -> Panel:
    return panel_of(list(rooftop(rates, seed).values()), END)


def with_sales(size: float) -> np.ndarray:
    us = calendars_of("US-MI")[1]
    return 3 * np.exp(size * features(Frequency.WEEK, FIRST, WEEKS, us)[:, 2])


def test_the_american_trades_sales_are_where_people_expect_them() -> None:
    us = calendars_of("US-MI")[1]
    for day in ("2026-02-16", "2026-05-25", "2026-07-04", "2026-09-07", "2026-11-27"):
        assert date.fromisoformat(day) in us.trade, day
    for day in ("2026-11-26", "2026-12-25", "2026-04-05"):
        assert date.fromisoformat(day) in us.off, day
    assert date(2026, 2, 16) not in us.off  # Presidents' Day is a day of business
    assert len([day for day in us.trade if day.year == 2026]) == 20


@pytest.mark.parametrize("region", ["local", "", "XX-1", "Mars"])
def test_an_unknown_country_has_the_usual_days_only(region: str) -> None:
    assert calendars_of(region) == (USUAL,)


def test_another_country_has_its_own_days_off_and_no_sales() -> None:
    norway = calendars_of("NO-03")[1]
    assert date(2026, 5, 17) in norway.off
    assert not norway.trade


def test_sales_are_learned_where_the_history_shows_them() -> None:
    found = learn_effect(panel(with_sales(0.8), 3), calendars_of("US-MI"))
    assert found.calendar.name == "US"
    assert found.coefficients[2] == pytest.approx(0.8, abs=0.3)


def test_a_history_without_them_is_left_alone() -> None:
    tried = [learn_effect(panel(np.full(WEEKS, 3.0), seed), calendars_of("US-MI")) for seed in range(10)]
    assert sum(each == NO_EFFECT for each in tried) >= 7  # by chance one standard error is passed now and then
    assert all(abs(value) < 0.3 for each in tried for value in each.coefficients)


def test_the_coming_sale_is_in_the_forecast() -> None:
    """The weeks of Presidents' Day 2026, forecast from a history whose sales are strong, and from one without."""
    calendars = calendars_of("US-MI")

    def ratio(rates: np.ndarray) -> float:
        made = forecast_dealer(rooftop(rates, 5), {}, light_strategies()[:1], END, calendars=calendars)
        means = np.mean([[week.mean for week in each.weeks] for each in made], axis=0)
        weeks = [week.week for week in made[0].weeks]
        sale = weeks.index(monday(date(2026, 2, 13)))
        return float(means[sale] / means[sale + 2])

    assert ratio(with_sales(1.2)) > 1.2
    assert ratio(np.full(WEEKS, 3.0)) == pytest.approx(1.0, abs=0.1)
