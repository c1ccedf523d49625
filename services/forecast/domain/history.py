"""What a rooftop stocked and sold, week by week, and for how much of each week it had any to sell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.calendar import monday
from services.forecast.domain.series import History, no_history

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.forecast.domain.configuration import Configuration

DEFAULT_STAY_DAYS = 45
"""Length of a stay whose start is unknown where no stay is known to learn from: the trade's usual supply."""

_UNKNOWN = np.iinfo(np.int64).min
_DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True)
class Stay:
    """One vehicle's time at a rooftop, in the dealer's calendar; ``left`` is None while it is in stock.

    ``stocked`` is None where the DMS did not say. ``sold`` means retailed; False with a ``left`` is any
    other exit (wholesale, transfer, departed). Raises ValueError for a sale without its date.
    """

    segment: str
    stocked: date | None
    left: date | None
    sold: bool
    configuration: Configuration | None = None

    def __post_init__(self) -> None:
        """Refuse a sale that cannot be put in a week."""
        if self.sold and self.left is None:
            message = f"a sold vehicle of segment {self.segment!r} has no date; give the day it left stock"
            raise ValueError(message)


def weekly_history(stays: Sequence[Stay], first_week: date, as_of: date, weeks: int = 104) -> dict[str, History]:
    """Count sales and days on hand per segment and week, from stays at one rooftop.

    Weeks start on Monday; only weeks that ended before ``as_of`` (a day of the dealer's calendar) count,
    at most ``weeks`` of them and none before ``first_week``, the first that the records cover. A series
    starts in the first week its segment was on hand, so that no zeros stand for weeks in which nobody
    stocked it. A unit is on hand on the days it was stocked and left and all between; what happens after
    ``as_of`` is not known yet. A unit without a stock date is taken to have stood for the median of the
    known stays (45 days where none is known) before it left, or before ``as_of`` if it still stands; one
    that left before it was stocked, a back-dated correction, is on hand on the day it left.

    Raises ValueError where ``weeks`` is not positive.
    """
    if weeks <= 0:
        message = f"weeks must be positive, not {weeks}"
        raise ValueError(message)
    end = monday(as_of)
    start = max(monday(first_week), end - timedelta(weeks=weeks))
    span = max(0, (end - start).days // _DAYS_PER_WEEK)
    segments, codes, stocked, left, sold = _columns(stays, as_of)
    if not segments:
        return {}
    if span == 0:
        return {segment: no_history(segment, as_of) for segment in segments}

    first_day, days = start.toordinal(), span * _DAYS_PER_WEEK
    sales = _sales(codes, left - first_day, sold, len(segments), days)
    exposure = _exposure(codes, stocked - first_day, left - first_day, len(segments), days)
    seen = exposure > 0
    first_seen = np.where(seen.any(axis=1), seen.argmax(axis=1), span)
    return {
        segment: History(segment, start + timedelta(weeks=int(begin)), sales[row, begin:], exposure[row, begin:])
        for row, (segment, begin) in enumerate(zip(segments, first_seen, strict=True))
    }


def _columns(
    stays: Sequence[Stay], as_of: date
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Turn stays known at ``as_of`` into columns of day ordinals, with every unknown date decided."""
    today = as_of.toordinal()
    index: dict[str, int] = {}
    rows: list[tuple[int, int, int, bool]] = []
    for stay in stays:
        stocked = _UNKNOWN if stay.stocked is None else stay.stocked.toordinal()
        if stocked > today:
            continue
        left = today + 1 if stay.left is None else min(stay.left.toordinal(), today + 1)
        rows.append((index.setdefault(stay.segment, len(index)), stocked, left, stay.sold))
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    codes, stocked_on, left_on, sold = table.T
    ended = (stocked_on != _UNKNOWN) & (left_on <= today)
    known_days = (left_on - stocked_on)[ended]
    typical = int(np.median(np.maximum(known_days, 0))) if known_days.size else DEFAULT_STAY_DAYS
    stocked_on = np.where(stocked_on == _UNKNOWN, left_on - typical, stocked_on)
    return list(index), codes, np.minimum(stocked_on, left_on), left_on, sold.astype(np.bool_)


def _sales(
    codes: NDArray[np.int64], left: NDArray[np.int64], sold: NDArray[np.bool_], segments: int, days: int
) -> NDArray[np.float64]:
    """Count retail sales per segment and week, shape ``[segments, days / 7]``."""
    counted = sold & (left >= 0) & (left < days)
    weeks = days // _DAYS_PER_WEEK
    cells = codes[counted] * weeks + left[counted] // _DAYS_PER_WEEK
    return np.bincount(cells, minlength=segments * weeks).reshape(segments, weeks).astype(np.float64)


def _exposure(
    codes: NDArray[np.int64], stocked: NDArray[np.int64], left: NDArray[np.int64], segments: int, days: int
) -> NDArray[np.float64]:
    """Give the fraction of each week's days with a unit on hand, shape ``[segments, days / 7]``."""
    inside = (left >= 0) & (stocked < days)
    change = np.zeros((segments, days + 1), dtype=np.int64)
    np.add.at(change, (codes[inside], np.maximum(stocked[inside], 0)), 1)
    np.add.at(change, (codes[inside], np.minimum(left[inside] + 1, days)), -1)
    on_hand = change[:, :days].cumsum(axis=1) > 0
    fraction: NDArray[np.float64] = on_hand.reshape(segments, -1, _DAYS_PER_WEEK).mean(axis=2)
    return fraction
