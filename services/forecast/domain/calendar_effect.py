"""Working days, holidays and month ends: kept where the data show them, and only then.

A month with one working day more sells more, whatever the season; Easter moves between March and April; a
dealer's week with a month's end in it is busy, and one with a trade holiday's sale. What falls in the same
part of every year the seasonal index knows already, so each feature is measured from its seasonal average.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.frequency import Frequency

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray


_FIRST_YEAR, _LAST_YEAR = 1990, 2060
YEARS = range(_FIRST_YEAR, _LAST_YEAR + 1)
"""The years that calendars are known for."""
_MONTH_END_DAYS = 3


@dataclass(frozen=True, slots=True)
class Calendar:
    """A country's days: those on which dealers are shut, and those of the sales that the trade holds, if any."""

    name: str
    off: frozenset[date]
    trade: frozenset[date] = frozenset()


def easter(year: int) -> date:
    """Find Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, chapter 8)."""
    golden, century, rest = year % 19, year // 100, year % 100
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - century // 4 - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def _most_days_off() -> frozenset[date]:
    """List the days on which most countries' dealers are shut: New Year, Easter's and Christmas days."""
    days = set()
    for year in YEARS:
        sunday = easter(year)
        days |= {sunday - timedelta(days=2), sunday, sunday + timedelta(days=1)}
        days |= {date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)}
    return frozenset(days)


USUAL = Calendar("usual", _most_days_off())


@dataclass(frozen=True, slots=True)
class CalendarEffect:
    """Elasticities of demand to a calendar's features, in the order of ``features``; empty: none."""

    coefficients: tuple[float, ...] = ()
    calendar: Calendar = USUAL

    def index(self, frequency: Frequency, first: date, count: int) -> NDArray[np.float64]:
        """Give the multiplier of each of ``count`` periods from ``first``; around 1."""
        if not self.coefficients:
            return np.ones(count)
        multipliers: NDArray[np.float64] = np.exp(
            features(frequency, first, count, self.calendar) @ np.array(self.coefficients)
        )
        return multipliers


NO_EFFECT = CalendarEffect()


def features(frequency: Frequency, first: date, count: int, calendar: Calendar = USUAL) -> NDArray[np.float64]:
    """Measure each period's calendar against the average of its season, ``[periods, features]``.

    Months and longer: log of working days. Weeks and days: share of days off, share of a month's last days, and
    share of the trade's sale days where the calendar has any.
    """
    begin = frequency.between(frequency.floor(date(_FIRST_YEAR, 1, 1)), first)
    table = _table(frequency, calendar)
    if begin < 0 or begin + count > table.shape[0]:
        message = f"the calendar is known from {_FIRST_YEAR} to {_LAST_YEAR}, not for {count} periods from {first}"
        raise ValueError(message)
    return table[begin : begin + count]


@lru_cache(maxsize=16)
def _table(frequency: Frequency, calendar: Calendar) -> NDArray[np.float64]:
    first = frequency.floor(date(_FIRST_YEAR, 1, 1))
    count = frequency.between(first, frequency.floor(date(_LAST_YEAR, 12, 31)))
    starts = np.array([frequency.shift(first, k) for k in range(count + 1)], dtype="datetime64[D]")
    if frequency in {Frequency.DAY, Frequency.WEEK}:
        kinds = (calendar.off, _month_ends(), calendar.trade)
        length = np.diff(starts).astype(np.float64)
        raw = np.column_stack([_counted(days, starts) / length for days in kinds if days])
    else:
        off = np.array(sorted(calendar.off), dtype="datetime64[D]")
        raw = np.log(np.busday_count(starts[:-1], starts[1:], holidays=off))[:, None]
    phases = frequency.phase_of(first, count)
    averages = np.array([raw[phases == phase].mean(axis=0) for phase in range(frequency.phases)])
    table: NDArray[np.float64] = raw - averages[phases]
    table.setflags(write=False)
    return table


def _counted(days: AbstractSet[date], starts: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Count the days within each period."""
    known = np.array(sorted(days), dtype="datetime64[D]")
    counts: NDArray[np.int64] = np.searchsorted(known, starts[1:]) - np.searchsorted(known, starts[:-1])
    return counts


def _month_ends() -> set[date]:
    firsts = [
        Frequency.MONTH.shift(date(_FIRST_YEAR, 1, 1), k) for k in range(1, 12 * (_LAST_YEAR - _FIRST_YEAR + 1))
    ]
    return {first - timedelta(days=back) for first in firsts for back in range(1, _MONTH_END_DAYS + 1)}
