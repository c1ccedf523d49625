"""What the competition did in the window: prices cut, cars that came and cars that left, by seller too."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from services.market.domain.listings import Listings, PricePoint
    from services.market.domain.observation import Observation

SMALLEST_N = 5
"""Shares and medians of fewer adverts are not given."""
SELLERS_SHOWN = 5
_SMALLEST_MOVE = 0.001
"""A rounding is not a move."""


@dataclass(frozen=True, slots=True)
class SellerMoves:
    """One competitor in one segment; ``share_cut`` is of its ``watched`` adverts."""

    seller: str
    active_listings: int
    arrivals: int
    departures: int
    watched: int
    share_cut: float
    median_change: float | None


@dataclass(frozen=True, slots=True)
class CompetitorMoves:
    """All competitors in one segment within ``window_days``; the rooftop's group is not among them.

    ``watched`` counts the adverts whose price was followed through the window, ``changed`` those that ended it
    at another price than they began; ``median_change`` is theirs, a fraction (-0.031 is a cut of 3.1 %). A
    price that moved and moved back has not changed.
    """

    window_days: int
    arrivals: int
    departures: int
    watched: int
    changed: int
    share_cut: float | None
    share_raised: float | None
    median_change: float | None
    sellers: tuple[SellerMoves, ...]


@dataclass(frozen=True, slots=True)
class _Advert:
    seller: str | None
    active: bool
    arrived: bool
    left: bool
    change: float | None


def competitor_moves(
    listings: Listings, observation: Observation, own_vins: Collection[str]
) -> dict[str, CompetitorMoves]:
    """Give the moves of every segment that a competitor advertised in within the window."""
    start = observation.as_of - timedelta(days=observation.window_days)
    by_segment: defaultdict[str, list[_Advert]] = defaultdict(list)
    for i in np.flatnonzero(observation.on_market | observation.left).tolist():
        if listings.vins[i] in own_vins:
            continue
        by_segment[listings.segments[listings.segment_of[i]]].append(
            _Advert(
                seller=listings.sellers[listings.seller_of[i]] if listings.seller_of[i] >= 0 else None,
                active=bool(observation.on_market[i]),
                arrived=bool(observation.arrived[i]),
                left=bool(observation.left[i]),
                change=_change(listings.prices[i], listings.last_seen[i].item(), start, observation.as_of),
            )
        )
    return {segment: _moves(adverts, observation.window_days) for segment, adverts in sorted(by_segment.items())}


def _change(prices: Sequence[PricePoint], last_seen: date, start: date, end: date) -> float | None:
    """Give the change from the price at the window's start, or the first in it, to the last; None if unwatched.

    An advert seen on a single day was not watched: that its price stood still is not known.
    """
    known = [point for point in prices if point.seen_on <= end and point.price > 0]
    if not known or known[0].seen_on >= min(last_seen, end):
        return None
    earlier = [point for point in known if point.seen_on <= start]
    opening = earlier[-1] if earlier else known[0]
    return known[-1].price / opening.price - 1


def _moves(adverts: Sequence[_Advert], window_days: int) -> CompetitorMoves:
    changes = [advert.change for advert in adverts if advert.change is not None]
    moved = [change for change in changes if abs(change) > _SMALLEST_MOVE]
    by_seller: defaultdict[str, list[_Advert]] = defaultdict(list)
    for advert in adverts:
        if advert.seller:
            by_seller[advert.seller].append(advert)
    sellers = [each for each in (_seller(*item) for item in by_seller.items()) if each is not None]
    sellers.sort(key=lambda each: (-each.active_listings, each.seller))
    enough = len(changes) >= SMALLEST_N
    return CompetitorMoves(
        window_days=window_days,
        arrivals=sum(advert.arrived for advert in adverts),
        departures=sum(advert.left for advert in adverts),
        watched=len(changes),
        changed=len(moved),
        share_cut=sum(change < 0 for change in moved) / len(changes) if enough else None,
        share_raised=sum(change > 0 for change in moved) / len(changes) if enough else None,
        median_change=median(moved) if len(moved) >= SMALLEST_N else None,
        sellers=tuple(sellers[:SELLERS_SHOWN]),
    )


def _seller(name: str, adverts: Sequence[_Advert]) -> SellerMoves | None:
    """Describe a seller, or nothing where too few of its adverts were followed."""
    changes = [advert.change for advert in adverts if advert.change is not None]
    if len(changes) < SMALLEST_N:
        return None
    moved = [change for change in changes if abs(change) > _SMALLEST_MOVE]
    return SellerMoves(
        seller=name,
        active_listings=sum(advert.active for advert in adverts),
        arrivals=sum(advert.arrived for advert in adverts),
        departures=sum(advert.left for advert in adverts),
        watched=len(changes),
        share_cut=sum(change < 0 for change in moved) / len(changes),
        median_change=median(moved) if len(moved) >= SMALLEST_N else None,
    )
