"""What a rooftop's customers want of a segment, per day and over a stretch of days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.recommend.domain.variety import growth

if TYPE_CHECKING:
    from services.recommend.domain.book import SegmentDemand
    from services.recommend.domain.parameters import Parameters

_NEAR_WEEKS = 4
_QUIETEST, _BUSIEST = 0.5, 2.0
"""A forecast that strays further from its own usual says more of its noise than of the season."""


def demand_per_day(demand: SegmentDemand) -> float:
    """Give units wanted per day over the next four weeks, as the forecast has them, any learned scale included."""
    near = demand.weekly_means[:_NEAR_WEEKS]
    weekly = sum(near) / len(near) if near else demand.weekly_rate
    return max(0.0, weekly) / 7.0


def season(demand: SegmentDemand, begin: float, end: float) -> float:
    """Give what the forecast wants a day between two days ahead over a day of an average time of year, 0.5 to 2.

    Season and holidays are in it; the level, with what it grew or fell to, and any learned scale are not, being in
    both. A forecast that tells no average time of year is held against its own weeks.
    """
    weeks = demand.weekly_means or (demand.weekly_rate,)
    weekly = sum(weeks) / len(weeks) if demand.yearly_mean is None else demand.yearly_mean
    usual = weekly / 7.0 * (end - begin)
    if usual <= 0:
        return 1.0
    ahead = demand_over(demand, end) - demand_over(demand, begin)
    return min(_BUSIEST, max(_QUIETEST, ahead / usual))


def demand_here(demand: SegmentDemand, units: int, parameters: Parameters) -> float:
    """Give units wanted per day with so many to choose from."""
    factor = float(growth(max(1, units), demand.usual_stock, parameters.stock_elasticity))
    return demand_per_day(demand) * factor


def demand_over(demand: SegmentDemand, days: float) -> float:
    """Give the mean units wanted over the next ``days``; past the forecast's end its last week goes on."""
    weeks, rest = divmod(days, 7.0)
    whole = int(weeks)
    means = demand.weekly_means or (demand.weekly_rate,)
    reach = [means[min(week, len(means) - 1)] for week in range(whole + 1)]
    return max(0.0, sum(reach[:whole]) + reach[whole] * rest / 7.0)
