"""What a tenant's other rooftops sold by group and week: too coarse for rates, and enough for the time of year."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.calendar import monday
from services.forecast.domain.frequency import Frequency
from services.forecast.domain.panel import Panel, panel_of
from services.forecast.domain.series import History

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class SisterSales:
    """Units a rooftop retailed of a group, such as ``used/convertible``, in the week that starts on ``week``."""

    rooftop: UUID
    group: str
    week: date
    units: int


@dataclass(frozen=True, slots=True)
class TenantSales:
    """What each of a tenant's rooftops retailed, and the country of those whose country somebody told."""

    by_rooftop: Mapping[UUID, Sequence[SisterSales]]
    countries: Mapping[UUID, str]

    def lent_to(self, rooftop: UUID) -> list[SisterSales]:
        """Give what the other rooftops of the same country retailed.

        Elsewhere summer may be another half of the year. Rooftops whose country nobody told lend to each other.
        """
        country = self.countries.get(rooftop, "")
        return [
            each
            for other, sales in self.by_rooftop.items()
            if other != rooftop and self.countries.get(other, "") == country
            for each in sales
        ]


def sister_panel(sales: Sequence[SisterSales], as_of: date, weeks: int) -> Panel | None:
    """Lay out the last ``weeks`` of other rooftops' sales, a series for each rooftop and group; None without any.

    A group counts as in stock from the week after its own first sale at the rooftop to the last week in which the
    rooftop sold anything: a store connected later, or no longer, has not gone through a quiet season. The week of the
    first sale does not count, as it was chosen for having one.
    """
    end = monday(as_of)
    known = [each for each in sales if end - timedelta(weeks=weeks) <= each.week < end]
    units: defaultdict[tuple[UUID, str], Counter[date]] = defaultdict(Counter)
    last: dict[UUID, date] = {}
    for each in known:
        units[each.rooftop, each.group][each.week] += each.units
        last[each.rooftop] = max(each.week, last.get(each.rooftop, each.week))
    histories, groups = [], {}
    for (rooftop, group), sold in sorted(units.items(), key=str):
        history = _history(f"{rooftop} {group}", sold, last[rooftop], end)
        histories.append(history)
        groups[history.name] = group
    return panel_of(histories, end, groups=groups) if histories else None


def _history(name: str, sold: Mapping[date, int], last: date, end: date) -> History:
    first = min(sold)
    values = np.zeros(Frequency.WEEK.between(first, end))
    for week, units in sold.items():
        values[Frequency.WEEK.between(first, week)] = units
    values[0] = 0.0
    weeks = np.arange(values.size)
    there = (weeks > 0) & (weeks <= Frequency.WEEK.between(first, last))
    return History(name, first, values, there.astype(np.float64))
