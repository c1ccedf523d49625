"""Supply, sales and prices per segment, from adverts that appear and disappear.

Nobody reports the market's sales, so an advert that ended stands for a sale. Some adverts end for other
reasons (wholesale, a lapsed subscription, a new advert for the same car), so sold per day is an upper bound;
a measured share can be set in ``Assumptions``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.market.domain.listings import groups_of

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from services.market.domain.listings import Listings

PRICED_MINIMUM = 3
"""Fewer priced listings than this give no percentiles and no price model."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """How adverts are read; days are calendar days.

    An advert not seen for more than ``grace_days`` has ended; ``sale_share`` of the ended ones were sales.
    """

    window_days: int = 45
    grace_days: int = 3
    sale_share: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what cannot be counted with."""
        if self.window_days < 1 or self.grace_days < 0 or not 0 < self.sale_share <= 1:
            message = f"{self}: window_days must be >= 1, grace_days >= 0 and sale_share in (0, 1]"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """Which listings were on the market on ``as_of`` and which left it within the ``window_days`` counted.

    ``on_market`` and ``left`` have shape (listings,). ``as_of`` is the newest day the data know, which is
    earlier than the day asked for where the data are older. ``window_days`` is shorter than the window asked
    for where departures have not been watched for that long, and 0 where none could have been noticed yet.
    """

    as_of: date
    window_days: int
    on_market: NDArray[np.bool_]
    left: NDArray[np.bool_]


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


def observe(
    listings: Listings,
    as_of: date,
    assumptions: Assumptions | None = None,
    observed_since: date | None = None,
) -> Observation:
    """Tell the listings on the market on a day from those that left it in the window before.

    The window ends where the grace period begins, because later departures are not all noticed yet; counting
    them would make every market look slower than it is. When listings began does not enter, so adverts older
    than the panel do no harm. ``observed_since`` is the first day on which a departure could be noticed;
    left out, it is estimated. Raises ValueError where there is no listing up to ``as_of``.
    """
    assumptions = assumptions or Assumptions()
    day = np.datetime64(as_of, "D")
    known = listings.first_seen <= day
    if not known.any():
        message = f"no listing was first seen by {as_of}; import market data or ask for a later date"
        raise ValueError(message)
    day = min(day, listings.last_seen[known].max())
    last_seen = np.minimum(listings.last_seen, day)
    still_offered = listings.active | (listings.last_seen > day)
    on_market = known & still_offered & (last_seen >= day - assumptions.grace_days)
    newest = day - assumptions.grace_days - 1
    departed = known & ~on_market & (last_seen <= newest)
    began = (
        _panel_began(listings.first_seen[known], last_seen[departed], newest)
        if observed_since is None
        else np.datetime64(observed_since, "D")
    )
    watched = int((newest - began).astype(int)) + 1
    window = max(0, min(assumptions.window_days, watched))
    return Observation(day.item(), window, on_market, departed & (last_seen > newest - window))


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


def _panel_began(
    first_seen: NDArray[np.datetime64], departures: NDArray[np.datetime64], newest: np.datetime64
) -> np.datetime64:
    """Estimate the first day on which departures were watched.

    A source's own first-seen dates may reach back years before anyone watched, so they are only the lower
    bound. The first of n departures comes on average 1/n of its distance to the end after the start: the
    usual unbiased estimate of the end of a uniform distribution.
    """
    earliest: np.datetime64 = first_seen.min()
    if not departures.size:
        return earliest
    first: np.datetime64 = departures.min()
    span = int((newest - first).astype(int)) + 1
    return max(earliest, first - round(span / departures.size))


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
