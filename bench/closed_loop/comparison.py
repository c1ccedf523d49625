"""Paired figures: the same seeds under two policies, with bootstrap intervals over seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from bench.closed_loop.contenders import BASELINES, CONTENDERS, DOSO, ORACLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.closed_loop.catalogue import Floats
    from bench.closed_loop.trial import Outcome

_RESAMPLES: Final = 10_000
_SEED: Final = 7
MEASURES: Final = ("net_profit", "turn", "fill_rate", "share_over_60", "units_sold")


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % percentile bootstrap interval (Efron and Tibshirani 1993, ch. 13)."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """How DOSO did: each policy's means, DOSO less each other, and the profit ratios that were aimed at.

    ``over_baseline`` is DOSO's mean profit over the better baseline's, less 1; ``of_oracle`` over the
    oracle's.
    """

    seeds: int
    means: Mapping[str, Mapping[str, Interval]]
    differences: Mapping[str, Mapping[str, Interval]]
    better_baseline: str
    over_baseline: Interval
    of_oracle: Interval


def compare(outcomes: Mapping[str, Sequence[Outcome]]) -> Comparison:
    """Compare outcomes by contender, each a list over the same seeds in the same order.

    Raises ValueError where a contender is missing or the seeds differ.
    """
    if missing := sorted(set(CONTENDERS) - set(outcomes)):
        message = f"no outcomes of {', '.join(missing)}: all of {', '.join(CONTENDERS)} have to be played"
        raise ValueError(message)
    seeds = {name: tuple(each.seed for each in played) for name, played in outcomes.items()}
    if len(set(seeds.values())) > 1 or not seeds[DOSO]:
        message = f"paired figures need the same seeds for all, not {seeds}"
        raise ValueError(message)
    columns = {
        name: {measure: np.array([getattr(each, measure) for each in played], dtype=float) for measure in MEASURES}
        for name, played in outcomes.items()
    }
    profits = {name: column["net_profit"] for name, column in columns.items()}
    better = max(BASELINES, key=lambda name: float(profits[name].mean()))
    return Comparison(
        seeds=len(seeds[DOSO]),
        means={name: {each: mean(column[each]) for each in MEASURES} for name, column in columns.items()},
        differences={
            name: {each: mean(columns[DOSO][each] - column[each]) for each in MEASURES}
            for name, column in columns.items()
            if name != DOSO
        },
        better_baseline=better,
        over_baseline=_ratio(profits[DOSO], profits[better], less=1.0),
        of_oracle=_ratio(profits[DOSO], profits[ORACLE], less=0.0),
    )


def mean(values: Floats) -> Interval:
    """Give the mean of a sample, shape (n,), with its interval; raises ValueError for an empty one."""
    if not values.size:
        message = "nothing was played, so there is no mean"
        raise ValueError(message)
    return _bootstrap(values.size, float(values.mean()), lambda rows: values[rows].mean(axis=1))


def _ratio(numerator: Floats, denominator: Floats, *, less: float) -> Interval:
    estimate = float(numerator.mean() / denominator.mean()) - less
    return _bootstrap(
        numerator.size,
        estimate,
        lambda rows: numerator[rows].mean(axis=1) / denominator[rows].mean(axis=1) - less,
    )


def _bootstrap(
    count: int, estimate: float, statistic: Callable[[np.ndarray[tuple[int, int], np.dtype[np.int64]]], Floats]
) -> Interval:
    rows = np.random.default_rng(_SEED).integers(0, count, (_RESAMPLES, count))
    low, high = np.quantile(statistic(rows), (0.025, 0.975))
    return Interval(estimate, float(low), float(high))
