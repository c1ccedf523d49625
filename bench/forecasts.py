"""Weekly forecasts: series a second of one core by strategy and by choice, and pinball against the truth."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from bench.series import AHEAD, WEEKS, dense_series, sparse_series
from bench.statistics import spread
from bench.tables import Limit, Mark, Row, Table, once
from doso.backtest.rolling import processor_seconds
from services.forecast.domain.choice import choose
from services.forecast.domain.distribution import LEVELS, NegativeBinomial
from services.forecast.domain.forecast import forecast_dealer
from services.forecast.domain.panel import panel_of
from services.forecast.domain.scores import coverage80, pinball
from services.forecast.strategies import (
    AutoArima,
    AutoEts,
    CrostonSba,
    Hierarchical,
    ProphetCurve,
    SeasonalNaive,
    SmoothedLevel,
    Theta,
    Tsb,
    all_strategies,
    light_strategies,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.options import Options
    from bench.progress import Steps
    from bench.series import Simulated
    from services.forecast.domain.series import History
    from services.forecast.domain.strategy import Strategy

HORIZON = 13
SPARSE, DENSE, CURVES, CHOICES = 300, 40, 12, 6
ROOFTOPS, SEGMENTS = 3, 80
SEED = 11
ORIGINS = (WEEKS - 2 * AHEAD, WEEKS - AHEAD, WEEKS)
_TIMES_PROPHET, _CHOICE_RATE = 300, 1000
_TIMES_ORACLE = 1.05
_REFIT_SECONDS = 5.0
_YEAR = 52


async def measure(options: Options, steps: Steps) -> Table:
    """Time every strategy and the choice among them, in processor seconds, and score them on known truth."""
    return await asyncio.to_thread(_measure, options.repeats, steps)


def _measure(repeats: int, steps: Steps) -> Table:
    simulated, dense_simulated = sparse_series(SPARSE, SEED), dense_series(DENSE, SEED)
    sparse, dense = ([each.history() for each in some] for some in (simulated, dense_simulated))
    jobs: dict[str, tuple[Callable[[Sequence[History]], object], Sequence[History]]] = {
        "average and NB": (_average, sparse),
        "prophet": (_with(ProphetCurve()), dense[:CURVES]),
        **{
            f"{each.name}, {SPARSE} sparse": (_with(each), sparse)
            for each in (Hierarchical(), Tsb(), CrostonSba(), SmoothedLevel(), SeasonalNaive())
        },
        **{f"{each.name}, {DENSE} dense": (_with(each), dense) for each in (Theta(), AutoEts())},
        f"auto_arima, {CURVES} dense": (_with(AutoArima()), dense[:CURVES]),
        f"default choice with backtests, {SPARSE} sparse": (_choose(light_strategies()), sparse),
        f"every strategy with backtests, {SPARSE} sparse": (_choose(all_strategies()), sparse),
        f"every strategy with backtests, {CHOICES} dense": (_choose(all_strategies()), dense[:CHOICES]),
    }
    for job, series in jobs.values():
        job(series[:1])  # imports and compiles
    rates: dict[str, list[float]] = {name: [] for name in jobs}
    with steps.step("fit and predict", total=repeats * len(jobs) + 3) as advance:
        for repeat in range(repeats):
            for place, (name, (job, series)) in enumerate(jobs.items()):
                rates[name].append(_rate(job, series))
                advance(repeat * len(jobs) + place + 1)
        table = Table("forecasts", f"Weekly forecasts: {WEEKS} weeks in, {HORIZON} weeks out, series/s of one core")
        _speeds(table, rates)
        _tenant(table, sparse)
        _accuracy(table, simulated)
    table.notes += [
        "processor time of this process and its children, so other load on the machine hardly shows",
        (
            f"sparse: mean {np.mean([each.mean for each in sparse]):.2f} a week,"
            f" {np.mean([(each.values == 0).mean() for each in sparse]):.0%} of weeks without a sale;"
            f" dense: mean {np.mean([each.mean for each in dense]):.1f}"
        ),
        f"chosen for the sparse: {_chosen(sparse)}; for the dense: {_chosen(dense[:CHOICES])}",
    ]
    return table


def _speeds(table: Table, rates: dict[str, list[float]]) -> None:
    average, prophet = (Limit(name, spread(rates[name])) for name in ("average and NB", "prophet"))
    for name, values in rates.items():
        if name == average.name:
            continue
        limits = (average,) if name == prophet.name else (average, prophet)
        mark = None
        if name.startswith("hierarchy"):
            mark = Mark("at least", _TIMES_PROPHET * prophet.value.median, f"≥ {_TIMES_PROPHET}× Prophet")
        elif name.startswith("default choice"):
            mark = Mark("at least", _CHOICE_RATE)
        table.rows.append(Row(name, "series/s", spread(values), limits, mark))
    light, every = (
        spread(rates[f"{kind} with backtests, {SPARSE} sparse"]) for kind in ("default choice", "every strategy")
    )
    table.notes.append(f"slow strategies took {1 - every.median / light.median:.0%} of the time on the sparse series")


def _tenant(table: Table, sparse: Sequence[History]) -> None:
    """Refit a tenant of three rooftops whole, as after an import."""
    began = processor_seconds()
    for rooftop in range(ROOFTOPS):
        series = sparse[rooftop * SEGMENTS : (rooftop + 1) * SEGMENTS]
        forecast_dealer({each.name: each for each in series}, {}, all_strategies(), series[0].end, HORIZON)
    seconds = processor_seconds() - began
    name = f"tenant of {ROOFTOPS} rooftops, {SEGMENTS} segments each, refitted"
    table.rows.append(Row(name, "s", once(seconds), (), Mark("below", _REFIT_SECONDS)))


def _accuracy(table: Table, simulated: Sequence[Simulated]) -> None:
    """Score the default choice, the hierarchy alone and a plain average against the true distribution."""
    actual = np.concatenate([each.sales[origin : origin + AHEAD] for origin in ORIGINS for each in simulated])
    oracle = np.concatenate([each.oracle(origin, LEVELS) for origin in ORIGINS for each in simulated])
    limit = Limit("oracle", once(pinball(actual, oracle)))
    for name, strategies in (("default choice", light_strategies()), ("hierarchy", (Hierarchical(),))):
        quantiles = np.concatenate([_quantiles(simulated, origin, strategies) for origin in ORIGINS])
        mark = Mark("below", _TIMES_ORACLE * limit.value.median, f"≤ {_TIMES_ORACLE}× oracle")
        figure = once(pinball(actual, quantiles))
        detail = (
            f"80 % interval covers {coverage80(actual, quantiles):.2f}, the oracle's {coverage80(actual, oracle):.2f}"
        )
        table.rows.append(Row(f"pinball of the {name}, {SPARSE} sparse", "units", figure, (limit,), mark, detail))


def _quantiles(simulated: Sequence[Simulated], origin: int, strategies: Sequence[Strategy]) -> np.ndarray:
    histories = [each.history(origin) for each in simulated]
    choices = choose(panel_of(histories, histories[0].end), strategies, ahead=AHEAD)
    return np.concatenate([choice.predictive.quantiles() for choice in choices])


def _rate(job: Callable[[Sequence[History]], object], series: Sequence[History]) -> float:
    began = processor_seconds()
    job(series)
    return len(series) / (processor_seconds() - began)


def _average(series: Sequence[History]) -> None:
    """Put a negative binomial around the average of the last year: the least that gives quantiles."""
    for history in series:
        sales = history.values[-_YEAR:]
        mean = max(float(sales.mean()), 1.0 / _YEAR)
        dispersion = max(1.0, float(sales.var()) / mean)
        NegativeBinomial(np.full(HORIZON, mean), np.full(HORIZON, dispersion)).quantiles(LEVELS)


def _with(strategy: Strategy) -> Callable[[Sequence[History]], object]:
    def job(series: Sequence[History]) -> object:
        panel = panel_of(series, series[0].end)
        return strategy.fit(panel, np.arange(panel.size)).predict(HORIZON).quantiles(LEVELS)

    return job


def _choose(strategies: Sequence[Strategy]) -> Callable[[Sequence[History]], object]:
    def job(series: Sequence[History]) -> object:
        return forecast_dealer({each.name: each for each in series}, {}, strategies, series[0].end, HORIZON)

    return job


def _chosen(series: Sequence[History]) -> str:
    made = forecast_dealer({each.name: each for each in series}, {}, all_strategies(), series[0].end, HORIZON)
    counts = Counter(each.strategy for each in made)
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())
