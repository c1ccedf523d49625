"""The forecasts of a rooftop: every segment against its sisters, one pure call a process pool can carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.calendar import monday, week_starts
from services.forecast.domain.censoring import lost_sales_per_week, stockout_weeks
from services.forecast.domain.choice import choose
from services.forecast.domain.distribution import LEVELS
from services.forecast.domain.hierarchy import level_prior, posterior
from services.forecast.domain.panel import panel_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from services.forecast.domain.prior import MarketRate, RatePrior
    from services.forecast.domain.series import SegmentHistory
    from services.forecast.domain.strategy import Strategy

ORIGINS = 3
STEP_WEEKS = 4


@dataclass(frozen=True, slots=True)
class WeekForecast:
    """Demand in the week that starts on ``week``: mean, and the quantiles of LEVELS in whole units."""

    week: date
    mean: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SegmentForecast:
    """Demand of one segment at one rooftop, units a week, and how it was arrived at.

    ``dispersion``: variance over mean of a week, averaged over the horizon. ``weekly_rate``: unconstrained
    demand now, in an average month. ``stockout_weeks``: time without stock since first seen.
    ``scores``: pinball by strategy; ``failures``: reason by strategy that could not run.
    """

    segment: str
    as_of: date
    weeks: tuple[WeekForecast, ...]
    strategy: str
    scores: dict[str, float]
    mase: float | None
    coverage80: float | None
    failures: dict[str, str]
    dispersion: float
    series_weeks: int
    units_sold: int
    stockout_weeks: int
    weekly_rate: float
    lost_sales_per_week: float


def forecast_dealer(
    histories: Mapping[str, SegmentHistory],
    priors: Mapping[str, MarketRate],
    strategies: Sequence[Strategy],
    as_of: date,
    horizon: int = 13,
    demand_scale: float = 1.0,
    *,
    select: Collection[str] | None = None,
    groups: Mapping[str, str] | None = None,
    tenant: RatePrior | None = None,
) -> list[SegmentForecast]:
    """Forecast a rooftop's segments for ``horizon`` weeks, the first being the week of ``as_of``.

    ``histories``: all the rooftop's segments, by name, counted to ``as_of``; all inform the priors even when
    ``select`` names the few to forecast. ``priors``: what the market suggests, by segment. ``groups``: the
    level between rooftop and segment, e.g. condition; segments without one form their own. ``tenant``:
    the level above, ``level_prior`` of all rooftops' series. ``demand_scale`` is the learned factor on
    every rate. The first strategy is the one to beat.

    Raises ValueError for histories that end elsewhere, a selected segment without a history, or a horizon
    or scale that is not positive; NoForecastError where no strategy works.
    """
    if horizon <= 0 or demand_scale <= 0:
        message = f"horizon and demand_scale must be positive, not {horizon} and {demand_scale}"
        raise ValueError(message)
    wanted = list(histories) if select is None else [each for each in histories if each in set(select)]
    if select is not None and (missing := set(select) - set(histories)):
        message = f"no history for segments {sorted(missing)}; pass no_history() for those never stocked"
        raise ValueError(message)
    group_of = groups or {}
    levels = {
        cut: _group_priors(histories, group_of, monday(as_of), cut, tenant)
        for cut in (0, *(STEP_WEEKS * (k + 1) for k in range(ORIGINS)))
    }
    forecasts = []
    for segment in wanted:
        history = histories[segment]
        now, *past = (
            by_group[group_of.get(segment, "")].with_market(
                priors.get(segment), float(history.exposure[: max(0, history.weeks - cut)].sum())
            )
            for cut, by_group in levels.items()
        )
        forecasts.append(_forecast(history, strategies, now, past, as_of, horizon, demand_scale))
    return forecasts


def _group_priors(
    histories: Mapping[str, SegmentHistory],
    group_of: Mapping[str, str],
    end: date,
    weeks_back: int,
    tenant: RatePrior | None,
) -> dict[str, RatePrior]:
    """Learn each group's prior as of ``weeks_back`` weeks before ``end``, below the rooftop's own."""
    rooftop = level_prior(panel_of(histories.values(), end).before(weeks_back), tenant)
    members: dict[str, list[SegmentHistory]] = {}
    for segment, history in histories.items():
        members.setdefault(group_of.get(segment, ""), []).append(history)
    if len(members) == 1:
        return dict.fromkeys(members, rooftop)
    return {
        group: level_prior(panel_of(series, end).before(weeks_back), rooftop) for group, series in members.items()
    }


def _forecast(
    history: SegmentHistory,
    strategies: Sequence[Strategy],
    prior: RatePrior,
    past_priors: Sequence[RatePrior],
    as_of: date,
    horizon: int,
    demand_scale: float,
) -> SegmentForecast:
    """Choose for one segment and put the result in the trade's figures."""
    choice = choose(
        history,
        strategies,
        prior,
        past_priors=past_priors,
        origins=ORIGINS,
        step=STEP_WEEKS,
        ahead=horizon,
    )
    predictive = choice.predictive.scaled(demand_scale)
    rate = posterior(history, prior).rate * demand_scale
    rows = zip(
        week_starts(monday(as_of), horizon),
        predictive.mean.tolist(),
        predictive.quantiles(LEVELS).tolist(),
        strict=True,
    )
    return SegmentForecast(
        segment=history.segment,
        as_of=as_of,
        weeks=tuple(WeekForecast(week, mean, tuple(quantiles)) for week, mean, quantiles in rows),
        strategy=choice.strategy,
        scores=choice.scores,
        mase=choice.mase,
        coverage80=choice.coverage80,
        failures=choice.failures,
        dispersion=float(np.mean(predictive.dispersion)),
        series_weeks=history.weeks,
        units_sold=int(history.sales.sum()),
        stockout_weeks=stockout_weeks(history),
        weekly_rate=rate,
        lost_sales_per_week=lost_sales_per_week(history, rate),
    )
