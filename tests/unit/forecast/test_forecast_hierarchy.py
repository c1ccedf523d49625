"""Segments borrow from their sisters, and the more they sold themselves the less."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from services.forecast.domain.frequency import Frequency
from services.forecast.domain.hierarchy import Posterior, level_prior, posterior, priors_of
from services.forecast.domain.panel import panel_of
from services.forecast.domain.prior import UNINFORMED, MarketRate, RatePrior, market_rate
from services.forecast.domain.scores import coverage80
from services.forecast.domain.series import History, no_history

END = date(2026, 1, 5)
WEEKS = 104


def history(sales: np.ndarray, name: str = "s", exposure: np.ndarray | None = None) -> History:
    values = np.asarray(sales, dtype=np.float64)
    on_hand = np.ones(values.size) if exposure is None else exposure
    return History(name, END - timedelta(weeks=values.size), values, on_hand)


def believed(one: History, prior: RatePrior) -> Posterior:
    return posterior(panel_of([one], one.end), np.array([0]), [prior])


def rate(one: History, prior: RatePrior) -> float:
    return float(believed(one, prior).rate[0])


def simulated(rates: np.ndarray, seed: int = 1, weeks: int = WEEKS) -> list[History]:
    rng = np.random.default_rng(seed)
    return [history(rng.poisson(rate, weeks), f"s{row}") for row, rate in enumerate(rates)]


def test_the_sisters_mean_and_spread_are_recovered() -> None:
    rng = np.random.default_rng(5)
    prior = level_prior(panel_of(simulated(rng.gamma(2.0, 0.4, 300)), END))
    assert prior.mean == pytest.approx(0.8, rel=0.15)
    assert prior.shape == pytest.approx(2.0, rel=0.35)
    assert prior.dispersion == pytest.approx(1.0, abs=0.1)


def test_overdispersion_is_recovered() -> None:
    rng = np.random.default_rng(6)
    series = [history(rng.poisson(rng.gamma(1.5, 2.0, WEEKS)), f"s{row}") for row in range(60)]
    assert level_prior(panel_of(series, END)).dispersion == pytest.approx(3.0, rel=0.2)


def test_a_sparse_segment_lies_between_itself_and_its_sisters_and_data_pull_it_home() -> None:
    prior = level_prior(panel_of(simulated(np.random.default_rng(2).gamma(3.0, 0.2, 60)), END))
    own_rate = 3 * prior.mean
    estimates = [rate(history(np.full(weeks, own_rate)), prior) for weeks in (2, 8, 30, 104)]
    assert prior.mean < estimates[0] < own_rate
    assert estimates == sorted(estimates)
    assert own_rate - estimates[-1] < 0.15 * own_rate


def test_shrinkage_predicts_sparse_rates_better_than_each_alone() -> None:
    rates = np.random.default_rng(8).gamma(1.5, 0.2, 200)
    series = simulated(rates, seed=9, weeks=20)
    prior = level_prior(panel_of(series, END))
    shrunk = np.array([rate(each, prior) for each in series])
    alone = np.array([each.mean for each in series])
    assert np.mean((shrunk - rates) ** 2) < 0.85 * np.mean((alone - rates) ** 2)


def test_weeks_out_of_stock_do_not_lower_the_rate() -> None:
    estimates, raw = [], []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        on_hand = (rng.random(WEEKS) < 0.4).astype(float)
        censored = history(rng.poisson(2.0 * on_hand), exposure=on_hand)
        estimates.append(rate(censored, RatePrior(0.5, 0.5)))
        raw.append(censored.mean)
    assert np.mean(estimates) == pytest.approx(2.0, rel=0.05)
    assert np.mean(raw) < 1.0


def test_a_segment_without_history_borrows_from_sisters_or_from_the_market() -> None:
    prior = level_prior(panel_of(simulated(np.full(30, 0.5)), END))
    new = no_history("new", END)
    assert rate(new, prior) == pytest.approx(prior.mean)
    market = market_rate(sold_per_day=4.0, own_share=0.1)
    assert market.units_per_week == pytest.approx(2.8)
    informed = rate(new, RatePrior(0.5, 1.0).with_market(market, 0.0))
    assert 2.0 < informed < 2.8


def test_the_market_fades_as_own_experience_grows() -> None:
    prior, market = RatePrior(1.0, 2.0), MarketRate(3.0, weeks=8)
    means = [prior.with_market(market, weeks).mean for weeks in (0, 4, 8, 30)]
    assert means[0] > means[1] > means[2] == means[3] == prior.mean


def test_a_rooftop_without_any_sale_takes_the_level_above() -> None:
    tenant = RatePrior(1.0, 0.5, 1.3)
    assert level_prior(panel_of([no_history("s", END)], END), tenant) == tenant
    assert level_prior(panel_of([], END)) == UNINFORMED


def test_a_single_dense_segment_is_not_dragged_down_by_ignorance() -> None:
    (only,) = simulated(np.array([20.0]))
    assert rate(only, level_prior(panel_of([only], END))) == pytest.approx(20, rel=0.1)


def test_the_season_is_recovered_and_absent_where_there_is_none() -> None:
    true = 1.0 + 0.5 * np.cos(2 * np.pi * (np.arange(12) - 5) / 12)
    months = Frequency.WEEK.phase_of(END - timedelta(weeks=WEEKS), WEEKS)
    rng = np.random.default_rng(10)
    seasonal = [history(rng.poisson(0.6 * true[months]), f"s{row}") for row in range(200)]
    index = np.array(level_prior(panel_of(seasonal, END)).season)
    assert np.abs(index - true).max() < 0.12
    flat = np.array(level_prior(panel_of(simulated(np.full(60, 0.6)), END)).season)
    assert np.abs(flat - 1).max() < 0.1
    assert index.mean() == pytest.approx(1)


def test_growth_is_not_read_as_season() -> None:
    rng = np.random.default_rng(12)
    growing = 1.5 * np.exp(0.8 * (np.arange(WEEKS) / 52 - 1))
    series = [history(rng.poisson(growing), f"s{row}") for row in range(40)]
    assert np.abs(np.array(level_prior(panel_of(series, END)).season) - 1).max() < 0.12


def test_the_forecast_follows_the_season_and_grows_less_sure_with_distance() -> None:
    season = (0.5,) * 6 + (1.5,) * 6
    model = believed(history(np.full(60, 4.0)), RatePrior(2.0, 0.5, season=season))
    forecast = model.predict(40)[0]
    months = Frequency.WEEK.phase_of(END, 40)
    assert forecast.mean[months < 6] == pytest.approx(model.rate[0] * 0.5)
    assert forecast.mean[months >= 6] == pytest.approx(model.rate[0] * 1.5)
    january = forecast.dispersion[months == 0]
    assert (np.diff(january) > 0).all()


@pytest.mark.parametrize("dispersion", [1.0, 2.0])
def test_intervals_cover_what_comes(dispersion: float) -> None:
    rng = np.random.default_rng(13)
    rates = rng.gamma(3.0, 1.2, 250)
    spread = dispersion - 1
    paths = np.array(
        [rng.poisson(rng.gamma(rate / spread, spread, WEEKS) if spread else rate, WEEKS) for rate in rates]
    )
    known = [history(path[:-4], f"s{row}") for row, path in enumerate(paths)]
    prior = level_prior(panel_of(known, END))
    quantiles = np.concatenate([believed(each, prior).predict(4)[0].quantiles() for each in known])
    assert 0.80 <= coverage80(paths[:, -4:].ravel().astype(float), quantiles) <= 0.93


def test_series_that_end_on_different_weeks_are_refused() -> None:
    with pytest.raises(ValueError, match="count all to the same day"):
        panel_of([history(np.ones(5)).before(1)], END)


def test_impossible_priors_are_refused() -> None:
    with pytest.raises(ValueError, match="shape > 0"):
        RatePrior(0.0, 1.0)
    with pytest.raises(ValueError, match="twelve"):
        RatePrior(1.0, 1.0, season=(0.0,) * 12)
    with pytest.raises(ValueError, match="share"):
        market_rate(1.0, 12.0)


def test_a_new_segment_borrows_from_its_body_before_its_condition() -> None:
    pickups = simulated(np.full(20, 3.0), seed=3)
    sedans = [
        History(f"t{row}", each.first, each.values, each.exposure)
        for row, each in enumerate(simulated(np.full(20, 0.3), seed=4))
    ]
    new = no_history("new", END)
    groups = {each.name: "used/pickup" for each in pickups} | {each.name: "used/sedan" for each in sedans}
    means = {}
    for group in ("used/pickup", "used/sedan", "used"):
        panel = panel_of([*pickups, *sedans, new], END, groups=groups | {"new": group})
        means[group] = priors_of(panel)[-1].mean
    assert means["used/pickup"] == pytest.approx(3.0, rel=0.2)
    assert means["used/sedan"] == pytest.approx(0.3, rel=0.3)
    assert means["used/sedan"] < means["used"] < means["used/pickup"]
