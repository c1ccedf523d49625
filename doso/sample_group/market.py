"""The region's listings: competitors' vehicles that came and went, and the group's own that are for sale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from doso.sample_group.catalogue import CATALOGUE
from doso.sample_group.vehicle import UsedSource, Vehicle, draw_vehicle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doso.sample_group.vehicle import Unit

COMPETITOR_LISTINGS = 3_000
WINDOW_DAYS = 90
_LONGEST_LISTING_DAYS = 400
_NEW_SHARE = 0.28
_MEDIAN_DAYS_LISTED, _DAYS_LISTED_SPREAD, _PRICE_EFFECT, _PRICE_SPREAD = (30.0, 0.9, 5.0, 0.055)
_USED = UsedSource(1.0, 4.2, None)
_FRANCHISED = {
    "Toyota": ("Harbor Toyota (sample)", "Maple Grove Toyota (sample)"),
    "Honda": ("Northfield Honda (sample)", "Bayside Honda (sample)"),
}
_SELLERS = (
    *_FRANCHISED["Toyota"], *_FRANCHISED["Honda"], "Riverbend Ford (sample)", "Summit Chevrolet (sample)",
    "Cedar Point Nissan (sample)", "Orchard Hyundai (sample)", "Huron Street Motors (sample)",
    "Two Rivers Auto Sales (sample)", "Peninsula Pre-Owned (sample)", "Mill Pond Cars (sample)",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listing:
    """One advertised vehicle, in USD; ``last_seen`` is the day before the as-of date while it is for sale."""

    vehicle: Vehicle
    price: int
    seller: str
    first_seen: date
    last_seen: date


def competitor_listings(as_of: date, rng: np.random.Generator, serials: Iterator[int]) -> list[Listing]:
    """Draw competitors' listings that were for sale at some time in the last 90 days, by first day seen."""
    yesterday = as_of - timedelta(days=1)
    used = np.array([model.popularity for model in CATALOGUE])
    new = np.array([model.new_popularity for model in CATALOGUE])
    listings: list[Listing] = []
    while len(listings) < COMPETITOR_LISTINGS:
        price_to_market = math.exp(rng.normal(0.0, _PRICE_SPREAD))
        typical = _MEDIAN_DAYS_LISTED * math.exp(_PRICE_EFFECT * (price_to_market - 1.0))
        days_listed = max(1, round(typical * rng.lognormal(0.0, _DAYS_LISTED_SPREAD)))
        days_ago = int(rng.integers(1, _LONGEST_LISTING_DAYS))
        if days_ago - days_listed > WINDOW_DAYS:
            continue
        is_new = bool(rng.random() < _NEW_SHARE)
        weights = new if is_new else used
        model = CATALOGUE[int(rng.choice(len(CATALOGUE), p=weights / weights.sum()))]
        first_seen = as_of - timedelta(days=days_ago)
        last_seen = min(yesterday, first_seen + timedelta(days=days_listed))
        sellers = _FRANCHISED[model.make] if is_new else _SELLERS
        seller = sellers[int(rng.integers(len(sellers)))]
        vehicle = draw_vehicle(model, None if is_new else _USED, first_seen, rng, serials)
        spread = 1.0 + 0.4 * (price_to_market - 1.0) if is_new else price_to_market
        price = max(995, round(vehicle.market_value * spread / 100) * 100 - 5)
        listings.append(Listing(vehicle, price, seller, first_seen, last_seen))
    return sorted(listings, key=lambda listing: (listing.first_seen, listing.vehicle.vin))


def own_listings(seller: str, units: list[Unit], as_of: date) -> list[Listing]:
    """Return the listings of a rooftop's units that are through reconditioning and so for sale."""
    return [
        Listing(
            unit.vehicle,
            unit.offer.price(unit.age(as_of)),
            seller,
            unit.stock_date + timedelta(days=unit.recon_days),
            as_of - timedelta(days=1),
        )
        for unit in units
        if unit.age(as_of) > unit.recon_days
    ]
