"""The tenant's shoppers, learned from its lives: the bridge between its book and the attraction model."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from services.recommend.domain.attraction import Attraction, fit, spells_of
from services.recommend.domain.attraction.spells import Stand
from services.recommend.domain.lookup import Lookup, look_up
from services.recommend.domain.market_price import STALE_MARKET_DAYS, PriceBasis, market_price
from services.recommend.domain.pace import LIVES_DAYS, UnitLife

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from services.recommend.domain.book import TenantBook


def fit_attraction(book: TenantBook, lives: Sequence[UnitLife], as_of: date) -> Attraction | None:
    """Learn from a year of lives what draws a tenant's shoppers; nothing where its sales are too few.

    New units are left out: who orders one can wait for it. So are lives without a date, a price that was seen to
    be asked, or a market price to hold it against: today's market, for a unit as old as it was when it left.
    """
    lookup, since = look_up(replace(book, units=(), attraction=None), as_of), as_of - timedelta(days=LIVES_DAYS)
    sold = {
        shelf: market.sold_per_day
        for shelf, market in lookup.markets.items()
        if (as_of - market.as_of).days <= STALE_MARKET_DAYS
        and (market.sold_per_day > 0 or market.active_listings > 0)
    }
    return fit(spells_of(_stands(lookup, lives, since, as_of), since), sold)


def _stands(lookup: Lookup, lives: Sequence[UnitLife], since: date, as_of: date) -> Iterator[Stand]:
    for life in lives:
        unit, ended = life.unit, life.left or as_of
        stocked = unit.stock_date or unit.group_stock_date
        if unit.is_new or stocked is None or ended > as_of or unit.dealer_id not in lookup.rooftops:
            continue
        came = unit.group_stock_date or stocked
        # On the day it left it is asked for what it had been asked for: a move on that day is the sale's own.
        prices = tuple(asked for asked in life.prices if asked[0] < ended or asked[0] == came)
        if not prices:
            continue
        # What it was asked for before is not known: from then on it is watched, as one that came in watched later.
        began = max(stocked, since, prices[0][0])
        # One that was moved to its buyer on the day of the sale never stood on that shelf.
        if ended < began or (ended == began and (began > came or not life.sold)):
            continue
        shelf = (unit.dealer_id, unit.segment)
        priced = market_price(unit, lookup.markets.get(shelf), ended)
        if priced is None or priced.basis is PriceBasis.LIST:
            continue
        yield Stand(
            vehicle_key=unit.vehicle_key,
            shelf=shelf,
            came=came,
            began=began,
            ended=ended,
            sold=life.sold,
            market_price=priced.amount,
            prices=prices,
        )
