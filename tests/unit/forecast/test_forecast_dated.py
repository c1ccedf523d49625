"""Dated series of any frequency: blended, with intervals that hold, and a calendar where it shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from services.forecast.domain.backtest import Backtest
from services.forecast.domain.blend import blend
from services.forecast.domain.calendar_effect import NO_EFFECT, features
from services.forecast.domain.calendar_learning import known_before, learn_effect
from services.forecast.domain.conformal import Measured, measured
from services.forecast.domain.dated import forecast_dated, sparse_series
from services.forecast.domain.decomposition import ratio_indices
from services.forecast.domain.frequency import Frequency
from services.forecast.domain.panel import Panel, panel_of
from services.forecast.domain.series import always_on_hand
from services.forecast.strategies import Blend, light_strategies
from services.forecast.strategies.blend import candidates

JANUARY = date(2012, 1, 1)


def monthly(values: np.ndarray, frequency: Frequency = Frequency.MONTH, first: date = JANUARY) -> Panel:
    start = frequency.floor(first)
    series = [always_on_hand(f"s{row}", start, row_values, frequency) for row, row_values in enumerate(values)]
    return panel_of(series, series[0].end)


def market(seed: int, count: int = 30, months: int = 102) -> np.ndarray:
    """Levels from 30 to 2,000 a month that wander, with a season that is partly shared."""
    rng = np.random.default_rng(seed)
    common = 0.15 * rng.standard_normal(12)
    rows = []
    for _ in range(count):
        season = np.exp(common + 0.05 * rng.standard_normal(12))[np.arange(months) % 12]
        path = np.exp(rng.uniform(np.log(30), np.log(2000)) + np.cumsum(rng.normal(0, 0.03, months)))
        rows.append(rng.poisson(rng.gamma(path * season / 4, 4)))
    return np.array(rows, dtype=np.float64)


def forecast(panel: Panel, horizon: int = 3):
    return forecast_dated(panel, light_strategies(), Blend(), horizon)


def test_large_monthly_series_beat_the_seasonal_naive_and_intervals_hold() -> None:
    errors, naive, inside = [], [], []
    for seed in range(4):
        values = market(seed)
        known, coming = values[:, :-3], values[:, -3:]
        made = forecast(monthly(known))
        band = made.quantiles((0.1, 0.9))
        errors.append((np.abs(coming - made.mean) / known.mean(axis=1, keepdims=True)).mean())
        naive.append((np.abs(coming - known[:, -12:-9]) / known.mean(axis=1, keepdims=True)).mean())
        inside.append(((coming >= band[..., 0]) & (coming <= band[..., 1])).mean())
    assert np.mean(errors) < 0.85 * np.mean(naive)
    assert 0.74 <= np.mean(inside) <= 0.88


@pytest.mark.parametrize("frequency", list(Frequency))
def test_every_frequency_is_forecast(frequency: Frequency) -> None:
    rng = np.random.default_rng(5)
    panel = monthly(rng.poisson(200, (3, 60)).astype(np.float64), frequency)
    made = forecast(panel, 4)
    assert made.mean == pytest.approx(np.full((3, 4), 200), rel=0.15)
    quantiles = made.quantiles()
    assert (np.diff(quantiles, axis=-1) >= 0).all()


def test_figures_that_are_no_counts_keep_their_scale() -> None:
    rng = np.random.default_rng(6)
    made = forecast(monthly(0.03 + 0.002 * rng.standard_normal((4, 72))))
    assert made.mean == pytest.approx(np.full((4, 3), 0.03), rel=0.1)
    assert np.diff(made.quantiles((0.1, 0.9)), axis=-1).max() < 0.02


def test_small_counts_and_large_series_share_a_panel() -> None:
    rng = np.random.default_rng(7)
    values = np.vstack([rng.poisson(0.7, (5, 80)), rng.poisson(300, (5, 80))]).astype(np.float64)
    panel = monthly(values)
    assert sparse_series(panel).tolist() == [True] * 5 + [False] * 5
    made = forecast(panel)
    assert made.mean[:5].mean() == pytest.approx(0.7, rel=0.25)
    assert made.mean[5:].mean() == pytest.approx(300, rel=0.1)
    assert (made.quantiles() == np.round(made.quantiles())).all()
    assert made[7].mean == pytest.approx(made.mean[7])


def test_working_days_are_learned_where_they_matter_and_left_out_where_not() -> None:
    days = np.exp(features(Frequency.MONTH, JANUARY, 96)[:, 0])
    assert days.max() > 1.03
    rng = np.random.default_rng(8)
    with_days = monthly(rng.poisson(500 * days, (10, 96)).astype(np.float64))
    assert learn_effect(with_days).coefficients[0] == pytest.approx(1.0, abs=0.25)
    assert learn_effect(monthly(rng.poisson(500, (10, 96)).astype(np.float64))) == NO_EFFECT
    assert learn_effect(monthly(rng.poisson(500 * days[:20], (10, 20)).astype(np.float64))) == NO_EFFECT


def test_a_busy_end_of_month_is_found_in_weeks() -> None:
    monday = date(2024, 1, 1)
    late = features(Frequency.WEEK, monday, 104)[:, 1]
    rng = np.random.default_rng(9)
    panel = monthly(rng.poisson(4 * np.exp(0.9 * late), (40, 104)).astype(np.float64), Frequency.WEEK, monday)
    found = learn_effect(panel).coefficients
    assert found[1] == pytest.approx(0.9, abs=0.4)


def test_easter_moves_between_march_and_april() -> None:
    march_2016, april_2017 = (
        features(Frequency.MONTH, date(year, month, 1), 1)[0, 0] for year, month in ((2016, 3), (2017, 4))
    )
    assert march_2016 < 0.02
    assert april_2017 < -0.05
    with pytest.raises(ValueError, match="1990"):
        features(Frequency.MONTH, date(1960, 1, 1), 3)


def test_a_noisy_series_borrows_its_season_and_a_clear_one_keeps_its_own() -> None:
    rng = np.random.default_rng(10)
    shared = 1 + 0.3 * np.sin(2 * np.pi * np.arange(12) / 12)
    steady = [rng.poisson(800 * shared[np.arange(96) % 12]) for _ in range(12)]
    noisy = rng.poisson(rng.gamma(0.5, 16, 96) * shared[np.arange(96) % 12])
    against = rng.poisson(5000 * (2 - shared)[np.arange(96) % 12])
    indices = ratio_indices(monthly(np.array([*steady, noisy, against], dtype=np.float64)))
    assert np.abs(indices[-2] - shared).mean() < 0.2
    assert np.corrcoef(indices[-1], shared)[0, 1] < -0.9
    assert indices.mean(axis=1) == pytest.approx(np.ones(14))


def test_measured_intervals_hold_the_errors_they_were_made_from_and_grow_as_those_did() -> None:
    rng = np.random.default_rng(11)
    past = np.full((20, 12, 3), 100.0)
    errors = rng.normal(0, 10, past.shape)
    errors = np.stack([errors[..., : k + 1].sum(axis=2) for k in range(3)], axis=2)
    made = measured(np.full((20, 6), 100.0), past, errors, np.zeros(20, dtype=np.bool_))
    assert isinstance(made, Measured)
    low, high = np.moveaxis(made.quantiles((0.1, 0.9)), -1, 0)
    assert (high - low)[:, 0] == pytest.approx(np.full(20, 31.0), rel=0.35)
    assert ((high - low)[:, 5] > 1.2 * (high - low)[:, 2]).all()
    assert made.scaled(2.0).quantiles((0.5,)) == pytest.approx(2 * made.quantiles((0.5,)))
    assert (made.dispersion >= 1).all()


def test_intervals_of_what_returns_to_its_mean_do_not_widen_for_ever() -> None:
    rng = np.random.default_rng(12)
    past = np.full((20, 12, 3), 100.0)
    made = measured(np.full((20, 24), 100.0), past, rng.normal(0, 10, past.shape), np.zeros(20, dtype=np.bool_))
    low, high = np.moveaxis(made.quantiles((0.1, 0.9)), -1, 0)
    assert (high - low)[:, 23] == pytest.approx((high - low)[:, 2], rel=0.25)


def test_an_origins_errors_are_of_a_combination_that_has_not_seen_it() -> None:
    rng = np.random.default_rng(13)
    values = rng.poisson(200 * (1 + 0.3 * np.sin(2 * np.pi * np.arange(72) / 12)), (1, 72)).astype(np.float64)
    surprised = values.copy()
    surprised[:, -3:] *= 3.0
    plain, other = (blend(monthly(each), candidates(), np.arange(1)) for each in (values, surprised))
    assert other.forecasts[:, 0] == pytest.approx(plain.forecasts[:, 0])
    assert other.weights != pytest.approx(plain.weights), "what comes next is combined by all that is known"
    assert other.forecasts[:, 5] != pytest.approx(plain.forecasts[:, 5])


def test_what_was_known_before_knows_no_later_calendar() -> None:
    index = features(Frequency.MONTH, date(2012, 1, 1), 120)[:, 0]
    rng = np.random.default_rng(14)
    values = rng.poisson(300 * np.exp(1.0 * index), (20, 120)).astype(np.float64)
    later = values.copy()
    later[:, -12:] = rng.poisson(300 * np.exp(3.0 * index[-12:]), (20, 12))
    known = []
    for each in (values, later):
        panel = monthly(each)
        panel = replace(panel, effect=learn_effect(panel))
        assert panel.effect.coefficients
        known.append(known_before(panel, 12))
        assert Backtest.of(panel, 3, 4, 4).known[2].effect == known[-1].effect
    assert known[0].effect == known[1].effect != NO_EFFECT


def test_frequencies_count_their_periods() -> None:
    assert Frequency.QUARTER.floor(date(2024, 5, 17)) == date(2024, 4, 1)
    assert Frequency.MONTH.shift(date(2024, 11, 1), 3) == date(2025, 2, 1)
    assert Frequency.WEEK.floor(date(2024, 1, 4)) == date(2024, 1, 1)
    for frequency in Frequency:
        first = frequency.floor(date(2023, 7, 9))
        assert frequency.between(first, frequency.shift(first, 17)) == 17
        assert frequency.phase_of(first, 30).max() < frequency.phases
