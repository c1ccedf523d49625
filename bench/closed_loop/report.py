"""The comparison in rows, for the terminal and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bench.closed_loop.contenders import BASELINES, CONTENDERS, DOSO, ORACLE, SEGMENT_ORACLE
from bench.statistics import Spread
from bench.tables import Mark, Row, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.closed_loop.comparison import Comparison, Interval
    from bench.closed_loop.physics import Physics
    from bench.closed_loop.trial import Outcome

OVER_BASELINE, OF_ORACLE = 0.15, 0.85
_THOUSAND = 1e3


def table(outcomes: Mapping[str, Sequence[Outcome]], compared: Comparison, physics: Physics) -> Table:
    """Put the means, the paired differences and the two aims into a table; ranges are 95 % intervals."""
    better = compared.better_baseline
    made = Table(
        "closed_loop",
        f"Closed loop: {compared.seeds} seeds, {physics.rooftops} rooftops, {physics.weeks} weeks after"
        f" {physics.warm_up_weeks} of warm-up; means with 95 % intervals",
    )
    for name in CONTENDERS:
        means = compared.means[name]
        made.rows += [
            Row(f"{name}: net profit", "$ thousand", _spread(means["net_profit"], compared.seeds, 1 / _THOUSAND)),
            Row(f"{name}: turn", "a year", _spread(means["turn"], compared.seeds)),
            Row(f"{name}: fill rate", "%", _spread(means["fill_rate"], compared.seeds, 100)),
            Row(f"{name}: over 60 days", "% of stock", _spread(means["share_over_60"], compared.seeds, 100)),
            Row(f"{name}: sold", "units", _spread(means["units_sold"], compared.seeds)),
        ]
    for name in (*BASELINES, SEGMENT_ORACLE, ORACLE):
        differences = compared.differences[name]
        made.rows.append(
            Row(
                f"{DOSO} less {name}: net profit",
                "$ thousand",
                _spread(differences["net_profit"], compared.seeds, 1 / _THOUSAND),
                mark=_excludes_zero(differences["net_profit"]) if name == better else None,
            )
        )
    made.rows += [
        Row(
            f"{DOSO} over {better}",
            "%",
            _spread(compared.over_baseline, compared.seeds, 100),
            mark=Mark("at least", 100 * OVER_BASELINE, "≥ 15 %"),
        ),
        Row(
            f"{DOSO} of {ORACLE}",
            "%",
            _spread(compared.of_oracle, compared.seeds, 100),
            mark=Mark("at least", 100 * OF_ORACLE, "≥ 85 %"),
        ),
        Row(
            f"{DOSO} less {better}: over 60 days",
            "points",
            _spread(compared.differences[better]["share_over_60"], compared.seeds, 100),
            mark=Mark("below", 0.0, "down"),
        ),
    ]
    advice = {action: sum(each.advice.get(action, 0) for each in outcomes[DOSO]) for action in _actions(outcomes)}
    made.notes += [
        "net profit: front and back gross less holding, transport and losses in the lane, the last stock at the lane",
        f"{SEGMENT_ORACLE}: told how many want each model at each store, but not of which trim and age",
        "the simulator's customers, prices and lane are not the engine's model; all play against the same customers",
        f"advice followed, per seed: {', '.join(f'{a} {n / compared.seeds:.0f}' for a, n in advice.items())}",
    ]
    return made


def as_json(outcomes: Mapping[str, Sequence[Outcome]], compared: Comparison, physics: Physics) -> dict[str, Any]:
    """Give all of it as plain values."""
    return {
        "physics": asdict(physics),
        "comparison": asdict(compared),
        "outcomes": {name: [each.as_json() for each in played] for name, played in outcomes.items()},
    }


def _spread(interval: Interval, seeds: int, scale: float = 1.0) -> Spread:
    return Spread(interval.value * scale, interval.low * scale, interval.high * scale, seeds)


def _excludes_zero(interval: Interval) -> Mark:
    """Mark a gain that is more than luck: the figure has to exceed half the width below it."""
    return Mark("at least", max(0.0, interval.value - interval.low) / _THOUSAND, "interval above 0")


def _actions(outcomes: Mapping[str, Sequence[Outcome]]) -> list[str]:
    return sorted({action for each in outcomes[DOSO] for action in each.advice})
