"""How often a series is counted, and which part of the year (or week) each period falls in."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MONTHS_OF = {"M": 1, "Q": 3, "Y": 12}
_DAYS_OF = {"D": 1, "W": 7}
_SEASON_LENGTH = {"D": 7, "W": 52, "M": 12, "Q": 4, "Y": 1}
_PHASES = {"D": 7, "W": 12, "M": 12, "Q": 4, "Y": 1}
_THURSDAY = 3


class Frequency(StrEnum):
    """The length of a period; weeks start on Monday, the others with the calendar."""

    DAY = "D"
    WEEK = "W"
    MONTH = "M"
    QUARTER = "Q"
    YEAR = "Y"

    @property
    def season_length(self) -> int:
        """Periods after which the season comes round: a year, for days a week."""
        return _SEASON_LENGTH[self.value]

    @property
    def phases(self) -> int:
        """Parts of the season that get an index each; weeks share those of their months."""
        return _PHASES[self.value]

    def floor(self, day: date) -> date:
        """Return the first day of the period that a day lies in."""
        if self is Frequency.DAY:
            return day
        if self is Frequency.WEEK:
            return day - timedelta(days=day.weekday())
        months = _MONTHS_OF[self.value]
        return date(day.year, (day.month - 1) // months * months + 1, 1)

    def shift(self, first: date, periods: int) -> date:
        """Return the start of the period that begins ``periods`` after the one that begins on ``first``."""
        if self.value in _DAYS_OF:
            return first + timedelta(days=_DAYS_OF[self.value] * periods)
        month = first.year * 12 + first.month - 1 + _MONTHS_OF[self.value] * periods
        return date(month // 12, month % 12 + 1, 1)

    def between(self, first: date, last: date) -> int:
        """Count the periods from the one starting on ``first`` to the one starting on ``last``."""
        if self.value in _DAYS_OF:
            return (last - first).days // _DAYS_OF[self.value]
        months = (last.year - first.year) * 12 + last.month - first.month
        return months // _MONTHS_OF[self.value]

    def phase_of(self, first: date, count: int) -> NDArray[np.int64]:
        """Give the phase, from 0, of ``count`` periods from ``first``; shape ``[count]``, read-only.

        A week belongs to the month of its Thursday, as in ISO 8601.
        """
        return _phases(self, first, count)


@lru_cache(maxsize=512)
def _phases(frequency: Frequency, first: date, count: int) -> NDArray[np.int64]:
    ahead = np.arange(count)
    phases: NDArray[np.int64]
    if frequency is Frequency.DAY:
        phases = (first.weekday() + ahead) % 7
    elif frequency is Frequency.WEEK:
        thursdays = np.datetime64(first + timedelta(days=_THURSDAY), "D") + 7 * ahead
        phases = thursdays.astype("datetime64[M]").astype(np.int64) % 12
    else:
        months = _MONTHS_OF[frequency.value]
        phases = ((first.month - 1) // months + ahead) % (12 // months)
    phases.setflags(write=False)
    return phases
