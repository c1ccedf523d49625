"""Each series gets the strategy that earned it, and a strategy that fails says so."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.forecast.domain.choice import NoForecastError, choose
from services.forecast.domain.prior import RatePrior
from services.forecast.domain.scores import coverage80
from services.forecast.domain.series import SegmentHistory
from services.forecast.strategies import (
    AutoEts,
    Hierarchical,
    ProphetCurve,
    SeasonalNaive,
    all_strategies,
    light_strategies,
)

if TYPE_CHECKING:
    from services.forecast.domain.strategy import Model, Strategy

END = date(2026, 1, 5)
PRIOR = RatePrior(1.0, 1.0)


def history(sales: np.ndarray, exposure: np.ndarray | None = None) -> SegmentHistory:
    on_hand = np.ones(sales.size) if exposure is None else exposure
    return SegmentHistory("s", END - timedelta(weeks=sales.size), sales.astype(np.float64), on_hand)


def seasonal(seed: int = 1) -> SegmentHistory:
    """Dense demand with a steep year of its own, which the sisters' index does not know."""
    rate = 40 * (1 + 0.9 * np.sin(2 * np.pi * np.arange(104) / 52 + 1))
    return history(np.random.default_rng(seed).poisson(rate))


@dataclass(frozen=True)
class Broken:
    """A library having a bad day."""

    name: str = "broken"
    works_until_weeks: int = 0

    def eligible(self, history: SegmentHistory) -> bool:
        return history.weeks > 0

    def fit(self, history: SegmentHistory, prior: RatePrior | None) -> Model:
        if history.weeks > self.works_until_weeks:
            message = "singular matrix"
            raise ArithmeticError(message)
        return Hierarchical().fit(history, prior)


def test_a_steep_own_season_is_worth_leaving_the_hierarchy_for() -> None:
    choice = choose(seasonal(), [Hierarchical(), SeasonalNaive(), AutoEts()], PRIOR)
    assert choice.strategy in {"seasonal_naive", "auto_ets"}
    assert choice.scores[choice.strategy] < 0.98 * choice.scores["hierarchy"]
    assert set(choice.scores) == {"hierarchy", "seasonal_naive", "auto_ets"}
    assert choice.mase is not None
    assert choice.mase < 1.5


def test_flat_sparse_series_stay_with_the_hierarchy() -> None:
    rng = np.random.default_rng(2)
    choices = [choose(history(rng.poisson(0.6, 104)), light_strategies(), PRIOR) for _ in range(60)]
    kept = [choice.strategy == "hierarchy" for choice in choices]
    assert np.mean(kept) > 0.9


def test_a_tie_keeps_the_first() -> None:
    twin = Hierarchical(name="twin")
    choice = choose(seasonal(), [Hierarchical(), twin], PRIOR)
    assert choice.scores["twin"] == choice.scores["hierarchy"]
    assert choice.strategy == "hierarchy"


@pytest.mark.parametrize("weeks", [0, 1, 9])
def test_short_histories_are_forecast_without_scores(weeks: int) -> None:
    choice = choose(history(np.ones(weeks)), all_strategies(), PRIOR, ahead=13)
    assert (choice.strategy, choice.scores, choice.mase) == ("hierarchy", {}, None)
    assert choice.predictive.mean.shape == (13,)


def test_weeks_without_stock_are_not_scored() -> None:
    exposure = np.ones(60)
    exposure[-12:] = 0
    assert choose(history(np.ones(60) * exposure, exposure), light_strategies(), PRIOR).scores == {}


def test_a_failing_strategy_is_recorded_and_hides_nobody() -> None:
    choice = choose(seasonal(), [Hierarchical(), Broken(), SeasonalNaive()], PRIOR)
    assert choice.failures == {"broken": "ArithmeticError: singular matrix"}
    assert set(choice.scores) == {"hierarchy", "seasonal_naive"}


def test_a_winner_that_fails_in_the_end_gives_way() -> None:
    late = Broken(works_until_weeks=103)
    choice = choose(seasonal(), [late, SeasonalNaive()], PRIOR)
    assert choice.strategy == "seasonal_naive"
    only_late = choose(history(np.ones(104)), [late, Hierarchical()], PRIOR)
    assert only_late.strategy == "hierarchy"
    assert "broken" in only_late.failures


def test_nothing_left_to_forecast_with_is_an_error_that_names_the_reasons() -> None:
    with pytest.raises(NoForecastError, match=r"broken.*singular matrix"):
        choose(seasonal(), [Broken()], PRIOR)
    with pytest.raises(ValueError, match="at least one"):
        choose(seasonal(), [], PRIOR)


def test_the_backtest_sees_the_priors_of_its_own_day() -> None:
    past = [RatePrior(1.0, 1.0, season=(wrong,) * 12) for wrong in (1.0, 1.0, 9.0)]
    informed = choose(seasonal(), [Hierarchical()], PRIOR)
    misled = choose(seasonal(), [Hierarchical()], PRIOR, past_priors=past)
    assert misled.predictive.mean.tolist() == informed.predictive.mean.tolist()
    assert misled.scores != informed.scores


@pytest.mark.parametrize("strategy", all_strategies(), ids=lambda each: each.name)
def test_every_strategy_forecasts_dense_counts_honestly(strategy: Strategy) -> None:
    rng = np.random.default_rng(3)
    covered = []
    for _ in range(6):
        path = rng.poisson(8.0, 104 + 13).astype(np.float64)
        known = history(path[:104])
        assert strategy.eligible(known)
        forecast = strategy.fit(known, PRIOR).predict(13)
        assert forecast.mean.shape == (13,)
        covered.append(coverage80(path[104:], forecast.quantiles()))
    assert np.mean(covered) > 0.7


@pytest.mark.parametrize("strategy", [SeasonalNaive(), AutoEts(), ProphetCurve()], ids=lambda each: each.name)
def test_strategies_decline_what_is_too_short_or_too_sparse(strategy: Strategy) -> None:
    assert not strategy.eligible(history(np.full(40, 5.0)))
    assert not strategy.eligible(history(np.zeros(104)))


def test_stockouts_do_not_teach_any_strategy_that_nobody_came() -> None:
    on_hand = np.array([1.0, 1.0, 0.0] * 35)[:104]
    gappy = history(np.random.default_rng(4).poisson(6.0 * on_hand), on_hand)
    for strategy in all_strategies():
        assert strategy.fit(gappy, PRIOR).predict(13).mean.mean() == pytest.approx(6.0, rel=0.2), strategy.name


def test_prophet_repeats_itself() -> None:
    first, second = (ProphetCurve().fit(seasonal(), PRIOR).predict(13).mean for _ in range(2))
    assert first.tolist() == second.tolist()


def test_the_libraries_keep_quiet_in_a_fresh_process() -> None:
    program = (
        "from datetime import date; import numpy as np\n"
        "from services.forecast.domain.series import SegmentHistory\n"
        "from services.forecast.strategies import AutoEts, ProphetCurve\n"
        "sales = np.arange(80.0) % 7 + 3\n"
        "history = SegmentHistory('s', date(2024, 1, 1), sales, np.ones(80))\n"
        "print([each.fit(history, None).predict(4).mean.size for each in (AutoEts(), ProphetCurve())])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[4, 4]"
    assert done.stderr == ""


def test_a_segment_that_woke_up_lately_fails_nowhere() -> None:
    sales = np.zeros(104)
    sales[-12:] = 30
    choice = choose(history(sales), all_strategies(), PRIOR)
    assert choice.failures == {}
    assert choice.predictive.mean[0] > 1
