"""Supply, sales and prices per segment of a region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.market.domain.listings import groups_of
from services.market.domain.observation import Assumptions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.market.domain.listings import Listings
    from services.market.domain.observation import Observation

PRICED_MINIMUM = 3
"""Fewer priced listings than this give no percentiles."""


@dataclass(frozen=True, slots=True)
class SegmentStatistics:
    """One segment in one region; prices are asking prices of active listings in the region's currency.

    ``market_days_supply`` is active listings / sold per day, None when nothing sold. ``market_share`` is the
    segment's part of the sales of its condition group, None when the group sold nothing.
    """

    segment: str
    label: str
    active_listings: int
    sold_in_window: float
    sold_per_day: float
    market_days_supply: float | None
    price_p25: float | None
    price_median: float | None
    price_p75: float | None
    market_share: float | None


def segment_statistics(
    listings: Listings, observation: Observation, assumptions: Assumptions | None = None
) -> tuple[SegmentStatistics, ...]:
    """Compute every segment of the region, in the order of ``listings.segments``."""
    assumptions = assumptions or Assumptions()
    count = len(listings.segments)
    group, groups = groups_of(listings.segments)
    active = np.bincount(listings.segment_of[observation.on_market], minlength=count)
    sold = np.bincount(listings.segment_of[observation.left], minlength=count) * assumptions.sale_share
    group_sold = np.bincount(group, weights=sold, minlength=groups)[group]
    per_day = sold / max(observation.window_days, 1)
    prices = _quartiles(listings, observation.on_market)
    return tuple(
        SegmentStatistics(
            segment=listings.segments[i],
            label=listings.labels[i],
            active_listings=int(active[i]),
            sold_in_window=float(sold[i]),
            sold_per_day=float(per_day[i]),
            market_days_supply=float(active[i] / per_day[i]) if sold[i] else None,
            price_p25=prices[i][0],
            price_median=prices[i][1],
            price_p75=prices[i][2],
            market_share=float(sold[i] / group_sold[i]) if group_sold[i] else None,
        )
        for i in range(count)
    )


def _quartiles(
    listings: Listings, rows: NDArray[np.bool_]
) -> list[tuple[float, float, float] | tuple[None, None, None]]:
    """Price percentiles 25, 50 and 75 per segment with linear interpolation, all segments in one sort."""
    rows = rows & (listings.price > 0)
    segment, price = listings.segment_of[rows], listings.price[rows]
    price = price[np.lexsort((price, segment))]
    counts = np.bincount(segment, minlength=len(listings.segments))
    starts = np.cumsum(counts) - counts
    found: list[tuple[float, float, float] | tuple[None, None, None]] = []
    for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
        if count < PRICED_MINIMUM:
            found.append((None, None, None))
            continue
        low, middle, high = np.quantile(price[start : start + count], (0.25, 0.5, 0.75))
        found.append((float(low), float(middle), float(high)))
    return found
