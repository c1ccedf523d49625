"""What could have been sold: demand counts only for the time in which there was a vehicle to sell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.feedback.domain.evidence import DemandCheck

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_WEEK = 7
_FETCHED = timedelta(days=3)
"""A vehicle that comes to an empty shelf may have been fetched for a customer: so long, forecasts are of others."""
_DAY = timedelta(days=1)
Stood = tuple[date | None, date | None, bool]
"""The days on which a vehicle came and left, None where it is not known when it came, or it is still there; and
whether it left by a retail sale."""
Span = tuple[date, date]


@dataclass(frozen=True, slots=True)
class ForecastWeek:
    """What was forecast of a segment for the week that begins on ``week``, before it began, and what was sold."""

    segment: str
    week: date
    forecast: float
    sales: float


def demand_check(weeks: Iterable[ForecastWeek], stood: Mapping[str, Sequence[Stood]]) -> DemandCheck:
    """Set sales against forecasts, each for the share of its week in which its segment was in stock.

    A forecast is of what customers want; a shelf that is empty sells none of it, which says nothing about them. The
    first days of one that was empty are left out with their sales, as the forecasts' own histories leave them out.
    """
    seen, sales, expected = set(), 0.0, 0.0
    days = {segment: _telling_days(stays) for segment, stays in stood.items()}
    for each in weeks:
        spans = days.get(each.segment, ())
        seen.add(each.week)
        sales += max(0.0, each.sales - _fetched(each.week, spans, stood.get(each.segment, ())))
        expected += each.forecast * _share(each.week, spans)
    return DemandCheck(weeks=len(seen), sales=sales, forecast=expected)


def _telling_days(stays: Sequence[Stood]) -> tuple[Span, ...]:
    """Give the spans of days, first and last, apart and in order, on which what stood was not only just fetched."""
    spans: list[Span] = []
    for came, left in sorted((came or date.min, left or date.max) for came, left, _ in stays):
        if spans and came - spans[-1][1] <= _DAY:
            spans[-1] = (spans[-1][0], max(spans[-1][1], left))
        else:
            spans.append((came, max(came, left)))
    return tuple((came + _FETCHED, left) for came, left in spans if came + _FETCHED <= left)


def _fetched(week: date, spans: Sequence[Span], stays: Sequence[Stood]) -> int:
    """Count the vehicles sold in a week outside of those spans."""
    sold = [left for _, left, retailed in stays if retailed and left is not None and 0 <= (left - week).days < _WEEK]
    return sum(not any(first <= left <= last for first, last in spans) for left in sold)


def _share(week: date, spans: Sequence[Span]) -> float:
    last = week + timedelta(days=_WEEK - 1)
    stood = sum(max(0, (min(left, last) - max(came, week)).days + 1) for came, left in spans if came <= last)
    return min(stood, _WEEK) / _WEEK
