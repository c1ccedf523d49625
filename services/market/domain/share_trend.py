"""Whether a segment's share of the market's sales is moving, and whether that is more than chance.

Two windows of equal length, one after the other, are compared. The change of share has an interval after
Agresti and Caffo (The American Statistician 54, 2000); its p-value is that of the two-proportion z-test with a
pooled variance. Because every segment of a group is tested at once, what is called a move holds at a false
discovery rate of ten per cent (Benjamini and Hochberg, J. R. Stat. Soc. B 57, 1995).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from services.market.domain.listings import groups_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.market.domain.listings import Listings
    from services.market.domain.observation import Assumptions, Observation

FALSE_DISCOVERY_RATE = 0.10
SMALLEST_EXPECTED_COUNT = 5.0
SHORTEST_WINDOW = 7
_Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class ShareTrend:
    """Shares of sales, fractions of one, in the last ``window_days`` and in as many before.

    ``low`` to ``high`` is the 95 % interval of ``change``; ``p_value`` is of no change, ``false_discovery``
    the same allowing for all segments looked at. Both are None where under five sales were to be expected in
    either window: then nothing is said.
    """

    window_days: int
    share: float
    share_before: float
    sold: float
    sold_before: float
    change: float
    low: float
    high: float
    p_value: float | None
    false_discovery: float | None

    @property
    def direction(self) -> str:
        """Give ``rising``, ``falling``, ``steady`` (no more than chance) or ``unknown`` (too few sales)."""
        if self.false_discovery is None:
            return "unknown"
        if self.false_discovery > FALSE_DISCOVERY_RATE:
            return "steady"
        return "rising" if self.change > 0 else "falling"

    @property
    def statement(self) -> str:
        """Say in a sentence what the two windows show."""
        counts = f"{self.sold_before:.0f} then {self.sold:.0f} sales in two windows of {self.window_days} days"
        if self.false_discovery is None:
            return f"too few sales to tell: {counts}"
        moved = f"{100 * self.change:+.1f} points (95 % interval {100 * self.low:+.1f} to {100 * self.high:+.1f})"
        if self.direction == "steady":
            return f"{moved}: no more than chance; {counts}"
        return f"{self.direction}, {moved}; {counts}; false discovery rate {self.false_discovery:.2g}"


def share_trends(listings: Listings, observation: Observation, assumptions: Assumptions) -> dict[str, ShareTrend]:
    """Give the trend of every segment; nothing where fewer than two weeks of departures were watched."""
    from scipy.stats import false_discovery_control  # noqa: PLC0415  # 45 MB, and none where it does not compute

    days = min(assumptions.window_days, observation.watched_days // 2)
    if days < SHORTEST_WINDOW:
        return {}
    count, last = len(listings.segments), np.datetime64(observation.last_day, "D")
    ended = np.minimum(listings.last_seen, last)
    late = observation.departed & (ended > last - days)
    early = observation.departed & (ended > last - 2 * days) & ~late
    sold, before = _counts(listings, late), _counts(listings, early)
    group, groups = groups_of(listings.segments)
    total = np.bincount(group, weights=sold, minlength=groups).astype(np.float64)[group]
    total_before = np.bincount(group, weights=before, minlength=groups).astype(np.float64)[group]
    p_values = _p_values(sold, total, before, total_before)
    discovery = np.full(count, np.nan)
    for number in range(groups):
        tested = (group == number) & np.isfinite(p_values)
        if tested.any():
            discovery[tested] = false_discovery_control(p_values[tested])
    return {
        listings.segments[i]: _trend(
            days, (sold[i], total[i]), (before[i], total_before[i]), p_values[i], discovery[i], assumptions.sale_share
        )
        for i in np.flatnonzero((total > 0) & (total_before > 0))
    }


def _counts(listings: Listings, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.bincount(listings.segment_of[rows], minlength=len(listings.segments)).astype(np.float64)


def _p_values(
    sold: NDArray[np.float64],
    total: NDArray[np.float64],
    before: NDArray[np.float64],
    total_before: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Two-sided p of equal shares; NaN where an expected count is under five."""
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (sold + before) / (total + total_before)
        spread = np.sqrt(pooled * (1 - pooled) * (1 / total + 1 / total_before))
        z = np.abs(sold / total - before / total_before) / spread
        expected = np.minimum(total, total_before) * np.minimum(pooled, 1 - pooled)
    return np.where(expected >= SMALLEST_EXPECTED_COUNT, 2 * ndtr(-z), np.nan)


def _trend(
    days: int, now: tuple[float, float], before: tuple[float, float], p: float, discovery: float, sale_share: float
) -> ShareTrend:
    (sold, total), (sold_before, total_before) = now, before
    one, other = (sold + 1) / (total + 2), (sold_before + 1) / (total_before + 2)
    reach = _Z95 * math.sqrt(one * (1 - one) / (total + 2) + other * (1 - other) / (total_before + 2))
    return ShareTrend(
        window_days=days,
        share=sold / total,
        share_before=sold_before / total_before,
        sold=sold * sale_share,
        sold_before=sold_before * sale_share,
        change=sold / total - sold_before / total_before,
        low=one - other - reach,
        high=one - other + reach,
        p_value=None if math.isnan(p) else float(p),
        false_discovery=None if math.isnan(discovery) else float(discovery),
    )
