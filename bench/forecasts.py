"""Forecasts a second of one core, by strategy, beside the cheapest that could serve and beside Prophet."""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from bench.series import WEEKS, dense_series, sparse_series
from bench.statistics import spread
from bench.tables import Limit, Mark, Row, Table
from services.forecast.domain.distribution import LEVELS, Predictive
from services.forecast.domain.forecast import forecast_dealer
from services.forecast.domain.hierarchy import level_prior
from services.forecast.domain.panel import panel_of
from services.forecast.strategies import AutoEts, Hierarchical, ProphetCurve, SeasonalNaive, all_strategies

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.options import Options
    from bench.progress import Steps
    from services.forecast.domain.series import SegmentHistory
    from services.forecast.domain.strategy import Strategy

HORIZON = 13
SPARSE, DENSE, CURVES, CHOICES = 300, 40, 12, 6
SEED = 11
_TIMES_PROPHET = 300
_YEAR = 52


async def measure(options: Options, steps: Steps) -> Table:
    """Time every strategy, and the choice among them with its backtests, in processor seconds."""
    return await asyncio.to_thread(_measure, options.repeats, steps)


def _measure(repeats: int, steps: Steps) -> Table:
    sparse, dense = sparse_series(SPARSE, SEED), dense_series(DENSE, SEED)
    jobs: dict[str, tuple[Callable[[Sequence[SegmentHistory]], None], Sequence[SegmentHistory]]] = {
        "average and NB": (_average, sparse),
        "prophet": (_with(ProphetCurve()), dense[:CURVES]),
        f"hierarchy, {SPARSE} sparse": (_hierarchy, sparse),
        f"seasonal_naive, {SPARSE} sparse": (_with(SeasonalNaive()), sparse),
        f"auto_ets, {DENSE} dense": (_with(AutoEts()), dense),
        f"choice with backtests, {SPARSE} sparse": (_choose, sparse),
        f"choice with backtests, {CHOICES} dense": (_choose, dense[:CHOICES]),
    }
    rates = {name: [_rate(job, series[:1])] for name, (job, series) in jobs.items()}  # imports and compiles
    rates = {name: [] for name in rates}
    with steps.step("fit and predict", total=repeats * len(jobs)) as advance:
        for repeat in range(repeats):
            for place, (name, (job, series)) in enumerate(jobs.items()):
                rates[name].append(_rate(job, series))
                advance(repeat * len(jobs) + place + 1)
    average, prophet = (Limit(name, spread(rates[name])) for name in ("average and NB", "prophet"))
    table = Table("forecasts", f"Forecasts a second of one core: {WEEKS} weeks in, {HORIZON} weeks out")
    for name, values in rates.items():
        if name == average.name:
            continue
        limits = (average,) if name == prophet.name else (average, prophet)
        mark = None
        if name.startswith("hierarchy"):
            mark = Mark("at least", _TIMES_PROPHET * prophet.value.median, f"≥ {_TIMES_PROPHET}× Prophet")
        table.rows.append(Row(name, "series/s", spread(values), limits, mark))
    table.notes += [
        "processor time of this process and its children, so other load on the machine hardly shows",
        (
            f"sparse: mean {np.mean([each.mean for each in sparse]):.2f} a week,"
            f" {np.mean([(each.sales == 0).mean() for each in sparse]):.0%} of weeks without a sale;"
            f" dense: mean {np.mean([each.mean for each in dense]):.1f}"
        ),
        f"chosen for the sparse: {_chosen(sparse)}; for the dense: {_chosen(dense[:CHOICES])}",
    ]
    return table


def _rate(job: Callable[[Sequence[SegmentHistory]], None], series: Sequence[SegmentHistory]) -> float:
    began = _processor_seconds()
    job(series)
    return len(series) / (_processor_seconds() - began)


def _processor_seconds() -> float:
    """Add up the time of this process and of its ended children, in which Prophet's optimiser runs."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _average(series: Sequence[SegmentHistory]) -> None:
    """Put a negative binomial around the average of the last year: the least that gives quantiles."""
    for history in series:
        sales = history.sales[-_YEAR:]
        mean = max(float(sales.mean()), 1.0 / _YEAR)
        dispersion = max(1.0, float(sales.var()) / mean)
        Predictive(np.full(HORIZON, mean), np.full(HORIZON, dispersion)).quantiles(LEVELS)


def _hierarchy(series: Sequence[SegmentHistory]) -> None:
    prior = level_prior(panel_of(series, series[0].end), None)
    for history in series:
        Hierarchical().fit(history, prior).predict(HORIZON).quantiles(LEVELS)


def _with(strategy: Strategy) -> Callable[[Sequence[SegmentHistory]], None]:
    def job(series: Sequence[SegmentHistory]) -> None:
        for history in series:
            strategy.fit(history, None).predict(HORIZON).quantiles(LEVELS)

    return job


def _choose(series: Sequence[SegmentHistory]) -> None:
    forecast_dealer({each.segment: each for each in series}, {}, all_strategies(), series[0].end, HORIZON)


def _chosen(series: Sequence[SegmentHistory]) -> str:
    made = forecast_dealer({each.segment: each for each in series}, {}, all_strategies(), series[0].end, HORIZON)
    counts = Counter(each.strategy for each in made)
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())
