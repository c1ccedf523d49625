"""A real season, from a rooftop's sales through the published weeks to what a purchase is multiplied by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import numpy as np
import pytest
from recommend_sample_books import demand

from services.forecast.domain.calendar import monday
from services.forecast.domain.forecast import SegmentForecast, forecast_dealer
from services.forecast.domain.frequency import Frequency
from services.forecast.domain.series import History
from services.forecast.domain.sister_sales import SisterSales, sister_panel
from services.forecast.domain.strategy import Strategy
from services.forecast.forecasting import _event
from services.forecast.strategies import (
    Adida,
    AutoArima,
    AutoEts,
    Hierarchical,
    Mstl,
    ProphetCurve,
    SmoothedLevel,
    Theta,
    light_strategies,
)
from services.recommend.domain.demand import season
from services.recommend.translate.book import _demand, stored_document

TRUTH = 1 + np.cos(2 * np.pi * (np.arange(12) - 6) / 12) / 3
"""July sells twice what January does."""
SPRING, AUTUMN = monday(date(2026, 3, 2)), monday(date(2026, 9, 7))


def true_weeks(end: date, weeks: int = 13) -> np.ndarray:
    return TRUTH[Frequency.WEEK.phase_of(end, weeks)]


def sisters(end: date, weeks: int, seed: int, rooftops: int = 5) -> list[SisterSales]:
    """Draw what five more rooftops sold of convertibles and sedans."""
    rng, began = np.random.default_rng([seed, 5]), end - timedelta(weeks=weeks)
    month = Frequency.WEEK.phase_of(began, weeks)
    expected = {"used/convertible": 9 * TRUTH[month], "used/sedan": np.full(weeks, 16.0)}
    return [
        SisterSales(UUID(int=rooftop), group, began + timedelta(weeks=week), int(units))
        for rooftop in range(rooftops)
        for group, rate in expected.items()
        for week, units in enumerate(rng.poisson(rate))
    ]


def forecasts(
    end: date, weeks: int, seed: int, others: Sequence[SisterSales] = (), models: int = 6, weekly: float = 1.5
) -> list[SegmentForecast]:
    """Forecast the convertibles of a rooftop whose other cars sell the same all year."""
    rng = np.random.default_rng(seed)
    began = end - timedelta(weeks=weeks)
    month = Frequency.WEEK.phase_of(began, weeks)
    rates = {f"used/mazda/mx-5 {number}": weekly * TRUTH[month] for number in range(models)}
    rates |= {f"used/toyota/sedan {number}": np.full(weeks, rng.gamma(2, 0.4)) for number in range(20)}
    histories = {
        name: History(name, began, rng.poisson(rate).astype(np.float64), np.ones(weeks))
        for name, rate in rates.items()
    }
    groups = {name: "used/convertible" if "mx-5" in name else "used/sedan" for name in rates}
    lend = sister_panel(others, end, 104)
    found = forecast_dealer(histories, {}, light_strategies(), end, groups=groups, sisters=lend)
    return [each for each in found if "mx-5" in each.segment]


def factor(forecast: SegmentForecast, begin: float, end: float) -> float:
    """Publish a forecast, read it as recommend does, and take the season of some days ahead."""
    event = _event(UUID(int=1), UUID(int=2), "Convertible", 1, forecast, 1.0)
    return season(_demand(stored_document(event.model_dump_json())), begin, end)


def carried(found: list[SegmentForecast], end: date) -> float:
    """Give how much of the true season is in the published weeks, 1 for all: the slope of one on the other."""
    means = np.array([[week.mean for week in each.weeks] for each in found])
    told = (means / means.mean(axis=1, keepdims=True)).mean(axis=0)
    truth = true_weeks(end) / true_weeks(end).mean()
    return float(np.polyfit(truth - 1, told - 1, 1)[0])


@pytest.mark.parametrize("end", [SPRING, AUTUMN])
def test_two_years_of_a_season_reach_the_end_of_the_weeks_ahead(end: date) -> None:
    found = [each for seed in range(4) for each in forecasts(end, 104, seed)]
    assert 0.3 < carried(found, end) < 1.2
    for begin, until in ((10, 31), (45, 66)):
        true = true_weeks(end)[begin // 7 : until // 7 + 1].mean()
        assert np.mean([factor(each, begin, until) for each in found]) == pytest.approx(true, abs=0.1)


@pytest.mark.parametrize("end", [SPRING, AUTUMN])
def test_a_young_rooftop_borrows_the_season_of_the_tenants_others(end: date) -> None:
    alone = [each for seed in range(4) for each in forecasts(end, 60, seed)]
    borrowed = [each for seed in range(4) for each in forecasts(end, 60, seed, sisters(end, 104, seed))]
    assert carried(alone, end) < carried(borrowed, end)
    assert 0.6 < carried(borrowed, end) < 1.25


def test_a_busy_time_is_busy_though_all_the_weeks_ahead_are() -> None:
    """Held against its own thirteen weeks a summer would look like any other time."""
    may = monday(date(2026, 5, 4))
    told = np.mean([factor(each, 10, 31) for seed in range(3) for each in forecasts(may, 104, seed)])
    assert told > 1.12


def test_a_rooftop_that_sells_the_same_all_year_is_told_of_no_season() -> None:
    flat = demand(weekly=1.5)
    assert season(flat, 10, 31) == pytest.approx(1.0)
    rng = np.random.default_rng(4)
    began = SPRING - timedelta(weeks=104)
    histories = {
        f"used/{k}": History(f"used/{k}", began, rng.poisson(1.0, 104).astype(np.float64), np.ones(104))
        for k in range(25)
    }
    found = forecast_dealer(histories, {}, light_strategies(), SPRING)
    assert np.mean([abs(factor(each, 10, 31) - 1) for each in found]) < 0.08


EXTRAPOLATING = [
    pytest.param(Hierarchical(), 104, 0.1, id="hierarchy"),
    pytest.param(SmoothedLevel(), 104, 0.16, id="ses"),
    pytest.param(Adida(), 104, 0.1, id="adida"),
    pytest.param(Theta(), 104, 0.1, id="theta"),
    pytest.param(AutoEts(), 104, 0.1, id="auto_ets"),
    pytest.param(AutoArima(), 104, 0.1, id="auto_arima"),
    pytest.param(ProphetCurve(), 104, 0.25, id="prophet"),
    pytest.param(Mstl(), 156, 0.25, id="mstl"),
]
"""How near the truth each comes: a level carries no swing within the weeks, a curve of one's own carries noise."""


@pytest.mark.parametrize("swing", [np.ones(12), TRUTH], ids=["no season", "season"])
@pytest.mark.parametrize(("first", "last"), [(18, 6), (12, 12), (6, 18)], ids=["decline", "flat", "growth"])
@pytest.mark.parametrize(("strategy", "weeks", "near"), EXTRAPOLATING)
def test_a_trend_is_no_season_and_hides_none(
    strategy: Strategy, weeks: int, near: float, first: float, last: float, swing: np.ndarray
) -> None:
    rng, began = np.random.default_rng(2), SPRING - timedelta(weeks=weeks)
    rate = np.linspace(first, last, weeks) * swing[Frequency.WEEK.phase_of(began, weeks)]
    histories = {
        f"used/{k}": History(f"used/{k}", began, rng.poisson(rate).astype(np.float64), np.ones(weeks))
        for k in range(8)
    }
    found = forecast_dealer(histories, {}, (strategy,), SPRING, select=["used/0", "used/1", "used/2"])
    true = swing[Frequency.WEEK.phase_of(SPRING, 13)][10 // 7 : 31 // 7 + 1].mean()
    assert np.mean([factor(each, 10, 31) for each in found]) == pytest.approx(true, abs=near)
