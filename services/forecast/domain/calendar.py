"""Weeks as the trade counts them: Monday to Sunday, in the dealer's own calendar."""

from __future__ import annotations

from datetime import date, timedelta

MONTHS_PER_YEAR = 12


def monday(day: date) -> date:
    """Return the Monday on or before a day."""
    return day - timedelta(days=day.weekday())


def week_starts(first: date, count: int) -> tuple[date, ...]:
    """List ``count`` consecutive Mondays from ``first``, itself a Monday."""
    return tuple(first + timedelta(weeks=week) for week in range(count))
