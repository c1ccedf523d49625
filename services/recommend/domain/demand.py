"""What a rooftop's customers want of a segment, per day and over a stretch of days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.recommend.domain.variety import growth

if TYPE_CHECKING:
    from services.recommend.domain.book import SegmentDemand
    from services.recommend.domain.parameters import Parameters

_NEAR_WEEKS = 4


def demand_per_day(demand: SegmentDemand) -> float:
    """Give units wanted per day over the next four weeks, as the forecast has them, any learned scale included."""
    near = demand.weekly_means[:_NEAR_WEEKS]
    weekly = sum(near) / len(near) if near else demand.weekly_rate
    return max(0.0, weekly) / 7.0


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
