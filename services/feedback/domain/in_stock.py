"""What could have been sold: demand counts only for the time in which there was a vehicle to sell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.feedback.domain.evidence import DemandCheck

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_WEEK = 7
Stood = tuple[date | None, date | None]
"""The days on which a vehicle came and left; None where it is not known when it came, or it is still there."""


@dataclass(frozen=True, slots=True)
class ForecastWeek:
    """What was forecast of a segment for the week that begins on ``week``, before it began, and what was sold."""

    segment: str
    week: date
    forecast: float
    sales: float


def demand_check(weeks: Iterable[ForecastWeek], stood: Mapping[str, Sequence[Stood]]) -> DemandCheck:
    """Set sales against forecasts, each for the share of its week in which its segment was in stock.

    A forecast is of what customers want; a shelf that is empty sells none of it, which says nothing about them.
    """
    seen, sales, expected = set(), 0.0, 0.0
    days = {segment: _days_in_stock(stays) for segment, stays in stood.items()}
    for each in weeks:
        seen.add(each.week)
        sales += each.sales
        expected += each.forecast * _share(each.week, days.get(each.segment, ()))
    return DemandCheck(weeks=len(seen), sales=sales, forecast=expected)


def _days_in_stock(stays: Sequence[Stood]) -> tuple[tuple[date, date], ...]:
    """Give the spans of days, first and last, on which any of some vehicles stood, apart and in order."""
    spans: list[tuple[date, date]] = []
    for came, left in sorted((came or date.min, left or date.max) for came, left in stays):
        if spans and came <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], left))
        else:
            spans.append((came, max(came, left)))
    return tuple(spans)


def _share(week: date, spans: Sequence[tuple[date, date]]) -> float:
    last = week + timedelta(days=_WEEK - 1)
    stood = sum(max(0, (min(left, last) - max(came, week)).days + 1) for came, left in spans if came <= last)
    return min(stood, _WEEK) / _WEEK
