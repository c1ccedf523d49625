"""Each series gets the strategy that earned it, and a strategy that fails says so."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.forecast.domain.choice import Choice, NoForecastError
from services.forecast.domain.choice import choose as choose_of_panel
from services.forecast.domain.panel import Panel, panel_of
from services.forecast.domain.prior import RatePrior
from services.forecast.domain.scores import coverage80
from services.forecast.domain.series import History
from services.forecast.strategies import (
    AutoEts,
    Hierarchical,
    Mstl,
    ProphetCurve,
    SeasonalNaive,
    all_strategies,
    light_strategies,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.forecast.domain.strategy import Model, Strategy

END = date(2026, 1, 5)
PRIOR = RatePrior(1.0, 1.0)


def history(sales: np.ndarray, exposure: np.ndarray | None = None) -> History:
    on_hand = np.ones(sales.size) if exposure is None else exposure
    return History("s", END - timedelta(weeks=sales.size), sales.astype(np.float64), on_hand)


def choose(one: History, strategies: Sequence[Strategy], prior: RatePrior, **options: int) -> Choice:
    (choice,) = choose_of_panel(panel_of([one], END, above=prior), strategies, **options)
    return choice


def fitted(strategy: Strategy, one: History) -> Model:
    return strategy.fit(panel_of([one], one.end, above=PRIOR), np.array([0]))


def seasonal(seed: int = 1) -> History:
    """Dense demand with a steep year of its own, which the sisters' index does not know."""
    rate = 40 * (1 + 0.9 * np.sin(2 * np.pi * np.arange(104) / 52 + 1))
    return history(np.random.default_rng(seed).poisson(rate))


@dataclass(frozen=True)
class Broken:
    """A library having a bad day."""

    name: str = "broken"
    together: bool = False
    works_until_weeks: int = 0

    def eligible(self, panel: Panel) -> np.ndarray:
        return panel.lengths > 0

    def fit(self, panel: Panel, rows: np.ndarray) -> Model:
        if panel.periods > self.works_until_weeks:
            message = "singular matrix"
            raise ArithmeticError(message)
        return Hierarchical().fit(panel, rows)


def test_a_steep_own_season_is_worth_leaving_the_hierarchy_for() -> None:
    rng = np.random.default_rng(1)
    sisters = [replace(history(rng.poisson(40, 104)), name=f"flat{row}") for row in range(12)]
    panel = panel_of([*sisters, seasonal()], END)
    (choice,) = choose_of_panel(panel, [Hierarchical(), SeasonalNaive(), AutoEts()], [12], origins=6)
    assert choice.strategy in {"seasonal_naive", "auto_ets", "ensemble"}
    assert choice.scores[choice.strategy] < 0.98 * choice.scores["hierarchy"]
    assert set(choice.scores) == {"hierarchy", "seasonal_naive", "auto_ets", "ensemble"}
    assert sum(choice.weights.values()) == pytest.approx(1)
    assert choice.weights["seasonal_naive"] > choice.weights["hierarchy"]
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
    assert set(choice.scores) == {"hierarchy", "seasonal_naive", "ensemble"}


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


WEEKLY = [each for each in all_strategies() if not isinstance(each, Mstl)]
"""Loess of a year-long season wants more than the two years kept of a rooftop."""


@pytest.mark.parametrize("strategy", WEEKLY, ids=lambda each: each.name)
def test_every_strategy_forecasts_dense_counts_honestly(strategy: Strategy) -> None:
    rng = np.random.default_rng(3)
    covered = []
    for _ in range(6):
        path = rng.poisson(16.0, 104 + 13).astype(np.float64)
        known = history(path[:104])
        assert strategy.eligible(panel_of([known], END)).tolist() == [True]
        forecast = fitted(strategy, known).predict(13)[0]
        assert forecast.mean.shape == (13,)
        covered.append(coverage80(path[104:], forecast.quantiles()))
    assert np.mean(covered) > 0.7


@pytest.mark.parametrize("strategy", [SeasonalNaive(), AutoEts(), ProphetCurve()], ids=lambda each: each.name)
def test_strategies_decline_what_is_too_short_or_too_sparse(strategy: Strategy) -> None:
    for declined in (np.full(40, 50.0), np.zeros(104)):
        assert strategy.eligible(panel_of([history(declined)], END)).tolist() == [False]


def test_stockouts_do_not_teach_any_strategy_that_nobody_came() -> None:
    on_hand = np.array([1.0, 1.0, 0.0] * 35)[:104]
    gappy = history(np.random.default_rng(4).poisson(6.5 * on_hand), on_hand)
    eligible = [each for each in all_strategies() if each.eligible(panel_of([gappy], END))[0]]
    assert {"tsb", "ses", "theta", "auto_ets"} < {each.name for each in eligible}
    for strategy in eligible:
        assert fitted(strategy, gappy).predict(13).mean.mean() == pytest.approx(6.5, rel=0.2), strategy.name


def test_prophet_repeats_itself() -> None:
    first, second = (fitted(ProphetCurve(), seasonal()).predict(13).mean for _ in range(2))
    assert first.tolist() == second.tolist()


def test_the_libraries_keep_quiet_in_a_fresh_process() -> None:
    program = (
        "from datetime import date; import numpy as np\n"
        "from services.forecast.domain.panel import panel_of\n"
        "from services.forecast.domain.series import History\n"
        "from services.forecast.strategies import AutoEts, ProphetCurve\n"
        "sales = np.arange(80.0) % 7 + 3\n"
        "history = History('s', date(2024, 1, 1), sales, np.ones(80))\n"
        "panel, rows = panel_of([history], history.end), np.array([0])\n"
        "print([each.fit(panel, rows).predict(4).mean.size for each in (AutoEts(), ProphetCurve())])"
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
