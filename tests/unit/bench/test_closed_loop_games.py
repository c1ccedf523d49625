"""Games, their comparison and how they are shown."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from bench.closed_loop import SEEDS
from bench.closed_loop.__main__ import closed_loop
from bench.closed_loop.comparison import compare, mean
from bench.closed_loop.contenders import (
    BASELINES,
    CONTENDERS,
    DOSO,
    FIRST_SCORED_SEED,
    ORACLE,
    SEGMENT_ORACLE,
    TUNED,
    TUNING_SEEDS,
)
from bench.closed_loop.physics import Physics
from bench.closed_loop.picture import draw
from bench.closed_loop.report import as_json, table
from bench.closed_loop.tournament import play_all
from bench.closed_loop.trial import Outcome, play
from bench.closed_loop.tuning import paired, settings_of

if TYPE_CHECKING:
    from pathlib import Path

SHORT = Physics(warm_up_weeks=12, weeks=4)


def outcome(name: str, seed: int, profit: float, aged: float = 0.2) -> Outcome:
    return Outcome(
        policy=name, seed=seed, net_profit=profit, front_gross=0, back_gross=0, holding=0, transport=0,
        wholesale_result=0, liquidation=0, units_sold=10, units_wholesaled=1, average_stock=5, turn=9,
        fill_rate=0.5, share_over_60=aged, weekly_profit=(profit / 2, profit / 2), advice={"reprice": 3},
    )  # fmt: skip


def outcomes(*, doso: float, baseline: float = 100.0, oracle: float = 150.0) -> dict[str, list[Outcome]]:
    between = (baseline + oracle) / 2
    levels = {
        BASELINES[0]: baseline,
        BASELINES[1]: baseline - 20,
        DOSO: doso,
        SEGMENT_ORACLE: between,
        ORACLE: oracle,
    }
    swing = np.linspace(-30, 30, 7)
    return {
        name: [outcome(name, seed, level + each) for seed, each in enumerate(swing)] for name, level in levels.items()
    }


@pytest.mark.parametrize("name", CONTENDERS)
def test_a_game_is_its_seed_and_its_figures_hang_together(name: str) -> None:
    first = play(name, 4, SHORT)
    assert first == play(name, 4, SHORT)
    assert first.units_sold > 0
    assert 0 < first.fill_rate <= 1
    assert 0 <= first.share_over_60 < 1
    assert len(first.weekly_profit) == SHORT.weeks
    parts = first.front_gross + first.back_gross + first.wholesale_result - first.holding - first.transport
    assert sum(first.weekly_profit) == pytest.approx(parts)
    assert first.net_profit == pytest.approx(parts + first.liquidation)


def test_who_knows_the_truth_earns_more_than_a_habit() -> None:
    physics = replace(SHORT, weeks=16)
    habit, truth = play(BASELINES[0], 6, physics), play(ORACLE, 6, physics)
    assert truth.net_profit > 1.1 * habit.net_profit


def test_who_is_told_less_earns_less() -> None:
    physics = replace(SHORT, weeks=16)
    told, truth = ([play(name, seed, physics).net_profit for seed in (6, 7, 8)] for name in (SEGMENT_ORACLE, ORACLE))
    assert sum(told) < sum(truth)


def test_paired_differences_cancel_what_the_seeds_share() -> None:
    compared = compare(outcomes(doso=120.0))
    assert compared.better_baseline == BASELINES[0]
    gain = compared.differences[BASELINES[0]]["net_profit"]
    assert (gain.value, gain.low, gain.high) == pytest.approx((20.0, 20.0, 20.0))
    assert gain.excludes_zero
    assert compared.over_baseline.value == pytest.approx(0.2)
    assert compared.of_oracle.value == pytest.approx(0.8)
    wide = compared.means[DOSO]["net_profit"]
    assert wide.low < 110
    assert wide.high > 130


def test_an_interval_covers_the_mean_of_its_sample() -> None:
    values = np.random.default_rng(1).normal(3.0, 1.0, 40)
    interval = mean(values)
    assert interval.value == pytest.approx(values.mean())
    assert interval.low < interval.value < interval.high
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(40), rel=0.15)


def test_comparison_refuses_what_is_not_paired() -> None:
    played = outcomes(doso=120.0)
    with pytest.raises(ValueError, match="no outcomes of oracle"):
        compare({name: each for name, each in played.items() if name != ORACLE})
    played[DOSO] = played[DOSO][1:]
    with pytest.raises(ValueError, match="same seeds"):
        compare(played)
    with pytest.raises(ValueError, match="nothing was played"):
        mean(np.empty(0))


def test_marks_are_met_only_by_figures_that_reach_them() -> None:
    good = outcomes(doso=130.0)
    good[DOSO] = [replace(each, share_over_60=0.1) for each in good[DOSO]]
    met = [row.met for row in table(good, compare(good), SHORT).rows if row.mark]
    assert met == [True, True, True, True]
    poor = outcomes(doso=90.0)
    assert [row.met for row in table(poor, compare(poor), SHORT).rows if row.mark] == [False, False, False, False]


def test_the_picture_is_a_picture(tmp_path: Path) -> None:
    played = outcomes(doso=120.0)
    draw(played, compare(played), tmp_path / "loop.png")
    assert (tmp_path / "loop.png").read_bytes().startswith(b"\x89PNG")


def test_everything_can_be_written_as_json() -> None:
    played = outcomes(doso=120.0)
    written = json.loads(json.dumps(as_json(played, compare(played), SHORT)))
    assert written["outcomes"][DOSO][0]["net_profit"] == 90.0
    assert written["comparison"]["seeds"] == 7


def test_scored_seeds_were_never_tuned_on() -> None:
    assert not set(TUNING_SEEDS) & set(range(FIRST_SCORED_SEED, FIRST_SCORED_SEED + SEEDS))


def test_settings_are_compared_seed_by_seed() -> None:
    good_and_bad_years = [1_000.0, 9_000.0, 5_000.0, 3_000.0]
    better = [year + more for year, more in zip(good_and_bad_years, (90, 110, 100, 100), strict=True)]
    gain, error = paired(better, good_and_bad_years)
    assert gain == pytest.approx(100.0)
    assert error == pytest.approx((200 / 3) ** 0.5 / 2)


def test_one_seed_tells_no_spread() -> None:
    with pytest.raises(ValueError, match="at least two"):
        paired([1.0], [2.0])


def test_no_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one seed"):
        play_all([], SHORT)


def test_the_command_plays_and_writes(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(closed_loop)
    arguments = [
        "--seeds",
        "1",
        "--weeks",
        "4",
        "--warm-up",
        "10",
        "--jobs",
        "2",
        "--json",
        str(tmp_path / "out.json"),
    ]
    result = CliRunner().invoke(app, [*arguments, "--png", str(tmp_path / "out.png")])
    assert result.exit_code == 0, result.output
    assert "doso over" in result.output
    written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert set(written["outcomes"]) == set(CONTENDERS)
    assert (tmp_path / "out.png").exists()


def test_what_is_played_was_in_the_grid_that_was_tried() -> None:
    for name in CONTENDERS:
        assert TUNED[name] in list(settings_of(name))
