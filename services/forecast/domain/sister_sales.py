"""What a tenant's other rooftops sold by group and week: too coarse for rates, and enough for the time of year."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.calendar import monday
from services.forecast.domain.hierarchy import levels_of
from services.forecast.domain.panel import panel_of
from services.forecast.domain.series import History

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True)
class SisterSales:
    """Units that rooftops retailed of a group, such as ``used/convertible``, in the week that starts on ``week``."""

    group: str
    week: date
    units: int


def shared_seasons(sales: Sequence[SisterSales], as_of: date, weeks: int) -> dict[str, tuple[float, ...]]:
    """Learn each group's season from the sales of other rooftops over the last ``weeks``, "" for all together.

    The indices are those of ``RatePrior.season``, drawn to the wider group's as far as sales are few. Groups are
    taken to have been in stock throughout. Empty where less than a year of sales is known.
    """
    end = monday(as_of)
    known = [each for each in sales if end - timedelta(weeks=weeks) <= each.week < end]
    if not known:
        return {}
    first = min(each.week for each in known)
    span = (end - first).days // _DAYS_PER_WEEK
    counts: defaultdict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros(span))
    for each in known:
        counts[each.group][(each.week - first).days // _DAYS_PER_WEEK] += each.units
    histories = [History(group, first, values, np.ones(span)) for group, values in sorted(counts.items())]
    panel = panel_of(histories, end, groups={history.name: history.name for history in histories})
    if panel.periods < panel.frequency.season_length:
        return {}
    return {path: prior.season for path, prior in levels_of(panel).items()}
