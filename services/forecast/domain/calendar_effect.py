"""Working days, holidays and month ends: kept where the data show them, and only then.

A month with one working day more sells more, whatever the season; Easter moves between March and April; a
dealer's week with a month's end in it is busy, and one with a trade holiday's sale. What falls in the same
part of every year the seasonal index knows already, so each feature is measured from its seasonal average.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.frequency import Frequency

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel

_FIRST_YEAR, _LAST_YEAR = 1990, 2060
YEARS = range(_FIRST_YEAR, _LAST_YEAR + 1)
"""The years that calendars are known for."""
_MONTH_END_DAYS = 3
_LEAST_SEASONS = {Frequency.DAY: 12.0, Frequency.WEEK: 1.25, Frequency.MONTH: 3.0, Frequency.QUARTER: 5.0}
_NEIGHBOURS = 6.0
_TRAINED_FIRST, _FOLDS = 0.5, 4
_LUCK = 1.0
_BOUNDS = 1.5
_RIDGE = 4.0
"""Prior precision: an elasticity of one is plausible before any data, one of three is not."""


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


def learn_effect(panel: Panel, calendars: Sequence[Calendar] = (USUAL,)) -> CalendarEffect:
    """Learn the calendar's effect on all series together; NO_EFFECT unless one forecast better than none.

    Tested on the later half of the past, each quarter of it forecast from what lay before: the mean gain in
    squared error must exceed its standard error over periods, since all series share one calendar. Of several
    ``calendars`` each has to gain as much over the best before it.
    """
    seasons = panel.periods / panel.frequency.season_length
    least = _LEAST_SEASONS.get(panel.frequency)
    if least is None or seasons < least or not panel.values.any():
        return NO_EFFECT
    residual, weight = _residuals(panel)
    moment, mass = (weight * residual).sum(axis=0), weight.sum(axis=0)
    best, best_gain = NO_EFFECT, np.zeros(1)
    for calendar in calendars:
        x = features(panel.frequency, panel.first, panel.periods, calendar)
        gain = _gain(x, moment, mass)
        over = gain - best_gain
        if over.mean() > _LUCK * over.std() / np.sqrt(over.size):
            best = CalendarEffect(tuple(_coefficients(x, moment, mass).tolist()), calendar)
            best_gain = gain
    return best


def _gain(x: NDArray[np.float64], moment: NDArray[np.float64], mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give by how much each period of the later half was forecast better with the features than without."""
    edges = np.linspace(_TRAINED_FIRST * len(x), len(x), _FOLDS + 1).astype(int)
    gains = []
    for begin, end in pairwise(edges.tolist()):
        known = _coefficients(x[:begin], moment[:begin], mass[:begin])
        fitted = x[begin:end] @ known
        gains.append(2 * moment[begin:end] * fitted - mass[begin:end] * fitted**2)
    return np.concatenate(gains)


def _coefficients(
    x: NDArray[np.float64], moment: NDArray[np.float64], mass: NDArray[np.float64]
) -> NDArray[np.float64]:
    normal = (x * mass[:, None]).T @ x + _RIDGE * np.eye(x.shape[1])
    return np.clip(np.linalg.solve(normal, x.T @ moment), -_BOUNDS, _BOUNDS)


def _residuals(panel: Panel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give relative deviations from local level and season, and what each is worth; ``[series, periods]``.

    A deviation is worth its expectation over its series' variance-to-mean ratio, as in a quasi-likelihood.
    """
    ages = np.arange(panel.periods)
    kernel = 0.5 ** (np.abs(ages[:, None] - ages[None, :]) / _NEIGHBOURS)
    lasting = (ages >= panel.began[:, None]) & (panel.exposure > 0)
    on_hand = panel.exposure @ kernel
    level = np.divide(panel.values @ kernel, on_hand, out=np.zeros_like(on_hand), where=on_hand > 0) * panel.exposure
    lasting &= level > 0
    safe = np.where(lasting, level, 1.0)
    phases = np.eye(panel.frequency.phases)[panel.phases]
    seen = np.where(lasting, panel.values, 0.0) @ phases
    expected = np.where(lasting, level, 0.0) @ phases
    season = np.divide(seen, expected, out=np.ones_like(seen), where=expected > 0)
    own = (panel.frequency is not Frequency.WEEK) * (season - 1.0) + 1.0
    safe = np.maximum(safe * own[:, panel.phases], 1e-9)
    residual = np.where(lasting, panel.values / safe - 1.0, 0.0)
    ratio = np.where(lasting, safe * residual**2, 0.0).sum(axis=1) / np.maximum(lasting.sum(axis=1), 1)
    weight = np.where(lasting, safe, 0.0) / np.maximum(ratio, 1.0)[:, None]
    return np.clip(residual, -1.0, 3.0), weight


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
