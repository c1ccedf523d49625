"""Weeks as the trade counts them: Monday to Sunday, in the dealer's own calendar."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEEKS_PER_YEAR = 52
MONTHS_PER_YEAR = 12


def monday(day: date) -> date:
    """Return the Monday on or before a day."""
    return day - timedelta(days=day.weekday())


def week_starts(first: date, count: int) -> tuple[date, ...]:
    """List ``count`` consecutive Mondays from ``first``, itself a Monday."""
    return tuple(first + timedelta(weeks=week) for week in range(count))


@lru_cache(maxsize=512)
def months_of(first: date, count: int) -> NDArray[np.int64]:
    """Give the month, 0 for January, of ``count`` weeks from ``first``; shape ``[count]``, read-only.

    A week belongs to the month of its Thursday, as in ISO 8601.
    """
    thursdays = np.datetime64(first + timedelta(days=3), "D") + 7 * np.arange(count)
    months: NDArray[np.int64] = thursdays.astype("datetime64[M]").astype(np.int64) % MONTHS_PER_YEAR
    months.setflags(write=False)
    return months
