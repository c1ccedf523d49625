"""Count distributions are exact, ordered, and never negative; scores measure what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from services.forecast.domain.conformal import measured
from services.forecast.domain.distribution import LEVELS, NegativeBinomial, Predictive, around, quantiles_of
from services.forecast.domain.scores import coverage80, mase, mase_scale, pinball

means = st.floats(0.0, 500.0)
dispersions = st.floats(1.0, 20.0)


def one_week(mean: float, dispersion: float) -> NegativeBinomial:
    return NegativeBinomial(np.array([mean]), np.array([dispersion]))


@given(mean=means, dispersion=dispersions)
def test_quantiles_are_whole_ordered_and_not_negative(mean: float, dispersion: float) -> None:
    quantiles = one_week(mean, dispersion).quantiles()[0]
    assert (quantiles >= 0).all()
    assert (np.diff(quantiles) >= 0).all()
    assert (quantiles == np.round(quantiles)).all()


@given(mean=st.floats(0.01, 300.0), dispersion=st.floats(1.05, 20.0), level=st.sampled_from(LEVELS))
def test_quantiles_are_the_smallest_counts_that_reach_the_level(mean: float, dispersion: float, level: float) -> None:
    size, chance = mean / (dispersion - 1), 1 / dispersion
    quantile = one_week(mean, dispersion).quantiles([level])[0, 0]
    assert stats.nbinom.cdf(quantile, size, chance) >= level - 1e-9
    assert stats.nbinom.cdf(quantile - 1, size, chance) < level + 1e-9


@pytest.mark.parametrize("mean", [0.02, 0.7, 3.0, 40.0, 2000.0])
def test_without_overdispersion_it_is_poisson(mean: float) -> None:
    expected = np.asarray(stats.poisson.ppf(LEVELS, mean))
    assert one_week(mean, 1.0).quantiles()[0].tolist() == expected.tolist()


@given(st.lists(st.lists(st.tuples(means, dispersions), min_size=1, max_size=4), max_size=5))
def test_tabulating_forecasts_together_changes_none_of_them(series: list[list[tuple[float, float]]]) -> None:
    parts: list[Predictive] = [NegativeBinomial(*np.array(each).T) for each in series]
    shapes = (100.0 * np.ones((1, 4)), np.full((1, 4, 3), 100.0), np.ones((1, 4, 3)), np.zeros(1, dtype=np.bool_))
    parts.insert(len(parts) // 2, measured(*shapes)[0])
    together = quantiles_of(parts)
    assert [each.tolist() for each in together] == [each.quantiles().tolist() for each in parts]
    assert quantiles_of([]) == []


@given(mean=means, dispersion=dispersions, more=st.floats(1.0, 3.0))
def test_more_demand_never_lowers_a_quantile(mean: float, dispersion: float, more: float) -> None:
    less = one_week(mean, dispersion)
    assert (less.scaled(more).quantiles() >= less.quantiles()).all()


def test_thinning_by_time_on_hand_keeps_the_gamma_shape() -> None:
    whole, thinned = one_week(4.0, 3.0), one_week(4.0, 3.0).scaled(np.array([0.25]))
    assert thinned.mean[0] == 1.0
    assert thinned.mean / (thinned.dispersion - 1) == whole.mean / (whole.dispersion - 1)
    assert one_week(4.0, 3.0).scaled(0.0).quantiles().tolist() == [[0.0] * len(LEVELS)]


@pytest.mark.parametrize(("mean", "dispersion"), [(-1.0, 1.0), (np.nan, 1.0), (1.0, 0.5), (1.0, np.inf)])
def test_impossible_distributions_are_refused(mean: float, dispersion: float) -> None:
    with pytest.raises(ValueError, match="not"):
        one_week(mean, dispersion)


def test_absurd_means_and_levels_are_refused_with_advice() -> None:
    with pytest.raises(ValueError, match="check the quantities"):
        one_week(1e10, 1.0).quantiles()
    with pytest.raises(ValueError, match="strictly between"):
        one_week(1.0, 1.0).quantiles([1.0])


@pytest.mark.parametrize("dispersion", [1.0, 2.5])
def test_the_count_head_is_calibrated_on_simulated_counts(dispersion: float) -> None:
    rng = np.random.default_rng(11)
    rate = np.full(4000, 6.0)
    draws = rng.poisson(rng.gamma(6 / (dispersion - 1), dispersion - 1, 4000) if dispersion > 1 else rate)
    seen, coming = draws[:2000].astype(float), draws[2000:].astype(float)
    began = np.zeros(1, dtype=np.int64)
    head = around(np.full((1, 2000), 6.0), seen[None], np.full((1, 2000), 6.0), began)[0]
    assert head.dispersion[0] == pytest.approx(dispersion, rel=0.15)
    assert 0.78 <= coverage80(coming, head.quantiles()) <= 0.92
    assert 0.89 <= np.mean(coming <= head.quantiles()[:, LEVELS.index(0.9)]) <= 0.97


def test_a_week_without_a_sale_is_no_proof_that_none_will_come() -> None:
    began = np.zeros(1, dtype=np.int64)
    head = around(np.array([[0.0, 99.0]]), np.array([[2.0, 4.0]]), np.array([[3.0, 3.0]]), began)[0]
    assert head.mean[0] > 0
    assert head.mean[1] == 9.0


def test_pinball_is_lowest_at_the_true_distribution() -> None:
    rng = np.random.default_rng(3)
    actual = rng.negative_binomial(2, 0.4, 4000).astype(float)
    true_mean, true_dispersion = 3.0, 2.5
    scores = {
        factor: pinball(actual, np.repeat(one_week(true_mean * factor, true_dispersion).quantiles(), 4000, axis=0))
        for factor in (0.6, 1.0, 1.6)
    }
    assert scores[1.0] == min(scores.values())


def test_pinball_of_one_week_by_hand() -> None:
    quantiles = np.array([[0.0, 2.0]])
    assert pinball(np.array([1.0]), quantiles, [0.25, 0.75]) == pytest.approx((0.25 + 0.25) / 2)


def test_mase_scales_by_the_seasonal_naive_and_falls_back_to_the_naive() -> None:
    year = np.arange(52.0)
    assert mase_scale(np.concatenate([year, year + 3.0])) == 3.0
    assert mase_scale(np.array([1.0, 3.0, 1.0])) == 2.0
    assert mase_scale(np.zeros(30)) is None
    assert mase(np.array([1.0, 2.0]), np.array([2.0, 2.0]), 0.5) == 1.0
    assert mase(np.array([1.0]), np.array([2.0]), None) is None


@pytest.mark.parametrize("dispersion", [1.0, 40.0])
def test_large_counts_agree_with_the_exact_quantiles(dispersion: float) -> None:
    mean = 60_000.0
    exact = stats.poisson.ppf(LEVELS, mean) if dispersion == 1 else stats.nbinom.ppf(LEVELS, mean / 39, 1 / 40)
    assert one_week(mean, dispersion).quantiles()[0] == pytest.approx(exact, rel=2e-4)
