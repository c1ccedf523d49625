"""The forecasts of a rooftop: every segment against its sisters, one pure call a process pool can carry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.calendar import monday, week_starts
from services.forecast.domain.calendar_effect import USUAL
from services.forecast.domain.calendar_learning import learn_effect
from services.forecast.domain.censoring import fading, lost_sales_per_week, stockout_weeks
from services.forecast.domain.choice import choose
from services.forecast.domain.configurations import shared_out
from services.forecast.domain.distribution import quantiles_of
from services.forecast.domain.hierarchy import posterior, priors_of
from services.forecast.domain.panel import Panel, panel_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from services.forecast.domain.calendar_effect import Calendar
    from services.forecast.domain.choice import Choice
    from services.forecast.domain.configuration import Configuration
    from services.forecast.domain.configurations import ConfigurationForecast
    from services.forecast.domain.distribution import Predictive
    from services.forecast.domain.prior import MarketRate, RatePrior
    from services.forecast.domain.series import History
    from services.forecast.domain.strategy import Strategy

ORIGINS = 3
STEP_WEEKS = 4
_TWO_YEARS = 104


@dataclass(frozen=True, slots=True)
class WeekForecast:
    """Demand in the week that starts on ``week``: mean, and the quantiles of LEVELS in whole units."""

    week: date
    mean: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SegmentForecast:
    """Demand of one segment at one rooftop, units a week, and how it was arrived at.

    ``yearly_mean``: units a week at the level of ``weeks``, were it an average time of year: without the season, and
    without a trend, since that is in the level of both; None where less than two years are known of it and of its
    sisters, which cannot tell the one from the other. ``dispersion``: variance over mean of a week, averaged over
    the horizon. ``weekly_rate``: unconstrained demand now, in an average month. ``stockout_weeks``: time without
    stock since first seen. ``scores``: pinball by strategy; ``weights``: the ensemble's; ``failures``: reason by
    strategy that could not run. ``configurations`` sum to the segment.
    """

    segment: str
    as_of: date
    weeks: tuple[WeekForecast, ...]
    yearly_mean: float | None
    strategy: str
    scores: dict[str, float]
    mase: float | None
    coverage80: float | None
    weights: dict[str, float]
    failures: dict[str, str]
    dispersion: float
    series_weeks: int
    units_sold: int
    stockout_weeks: int
    weekly_rate: float
    lost_sales_per_week: float
    configurations: tuple[ConfigurationForecast, ...]


def forecast_dealer(
    histories: Mapping[str, History],
    priors: Mapping[str, MarketRate],
    strategies: Sequence[Strategy],
    as_of: date,
    horizon: int = 13,
    demand_scale: float = 1.0,
    *,
    select: Collection[str] | None = None,
    groups: Mapping[str, str] | None = None,
    tenant: RatePrior | None = None,
    sisters: Panel | None = None,
    configurations: Mapping[str, Sequence[tuple[Configuration, float, int]]] | None = None,
    calendars: Sequence[Calendar] = (USUAL,),
) -> list[SegmentForecast]:
    """Forecast a rooftop's segments for ``horizon`` weeks, the first being the week of ``as_of``.

    ``histories``: all the rooftop's segments, by name, counted to ``as_of``; all inform the priors even when
    ``select`` names the few to forecast. ``priors``: what the market suggests, by segment. ``groups``: the
    levels between rooftop and segment, e.g. ``used/pickup``; segments without one have only the rooftop.
    ``tenant``: the level above, ``level_prior`` of all rooftops' series; ``sisters``: what its other rooftops sold,
    ``sister_panel``. ``demand_scale`` is the learned factor on every rate. ``configurations``: each segment's
    shares. ``calendars``: those to try. The first strategy is the one to beat.

    Raises ValueError for histories that end elsewhere, a selected segment without a history, or a horizon
    or scale that is not positive; NoForecastError where no strategy works.
    """
    if horizon <= 0 or demand_scale <= 0:
        message = f"horizon and demand_scale must be positive, not {horizon} and {demand_scale}"
        raise ValueError(message)
    if select is not None and (missing := set(select) - set(histories)):
        message = f"no history for segments {sorted(missing)}; pass no_history() for those never stocked"
        raise ValueError(message)
    chosen = set(histories if select is None else select)
    rows = [row for row, segment in enumerate(histories) if segment in chosen]
    panel = panel_of(
        list(histories.values()), monday(as_of), groups=groups, markets=priors, above=tenant, sisters=sisters
    )
    panel = replace(panel, effect=learn_effect(panel, calendars))
    choices = choose(panel, strategies, rows, origins=ORIGINS, step=STEP_WEEKS, ahead=horizon)
    believed = posterior(panel, np.arange(panel.size), priors_of(panel))
    seasons = believed.season[rows][:, panel.phases_ahead(horizon)] * panel.index_ahead(horizon)
    known = [histories[panel.names[row]] for row in rows]
    faded = [fading(history) for history in known]
    predictives = [choice.predictive.scaled(demand_scale * left) for choice, left in zip(choices, faded, strict=True)]
    weeks = week_starts(monday(as_of), horizon)
    return [
        _in_figures(
            history,
            choice,
            predictive,
            tuple(map(WeekForecast, weeks, predictive.mean.tolist(), map(tuple, quantiles.tolist()))),
            float(predictive.mean.sum() / season.sum()) if _tells_season(panel) else None,
            float(rate) * demand_scale * left,
            as_of,
            (configurations or {}).get(history.name, ()),
        )
        for history, choice, predictive, season, quantiles, rate, left in zip(
            known, choices, predictives, seasons, quantiles_of(predictives), believed.rate[rows], faded, strict=True
        )
    ]


def _tells_season(panel: Panel) -> bool:
    """Whether a season can be told from a trend: it takes two years, of the rooftop's own or of its sisters'."""
    return max(panel.periods, panel.sisters.periods if panel.sisters else 0) >= _TWO_YEARS


def _in_figures(
    history: History,
    choice: Choice,
    predictive: Predictive,
    weeks: tuple[WeekForecast, ...],
    yearly_mean: float | None,
    rate: float,
    as_of: date,
    parts: Sequence[tuple[Configuration, float, int]],
) -> SegmentForecast:
    """Put the choice for one segment in the trade's figures."""
    return SegmentForecast(
        segment=history.name,
        as_of=as_of,
        weeks=weeks,
        yearly_mean=yearly_mean,
        strategy=choice.strategy,
        scores=choice.scores,
        mase=choice.mase,
        coverage80=choice.coverage80,
        weights=choice.weights,
        failures=choice.failures,
        dispersion=float(np.mean(predictive.dispersion)),
        series_weeks=history.periods,
        units_sold=int(history.values.sum()),
        stockout_weeks=stockout_weeks(history),
        weekly_rate=rate,
        lost_sales_per_week=lost_sales_per_week(history, rate),
        configurations=shared_out(predictive, parts),
    )
