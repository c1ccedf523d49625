"""Lives cut where what was asked for the unit moved, so that each day counts at the price of that day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from services.recommend.domain.demand import demand_per_day
from services.recommend.domain.market_price import PriceBasis, market_price
from services.recommend.domain.pace.crowd import Crowd
from services.recommend.domain.pace.unit_life import LIVES_DAYS
from services.recommend.domain.time_to_sale.features import AGE_KNOTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from services.recommend.domain.book import Unit
    from services.recommend.domain.lookup import Lookup
    from services.recommend.domain.pace.unit_life import UnitLife


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of a unit's life at one price; ages in days, ``life`` numbers the lives given.

    ``price`` is nothing where it was not seen what was asked then. ``sold`` tells that a retail sale ended it.
    """

    life: int
    new: bool
    began: date
    age: float
    until: float
    sold: bool
    price: float | None
    market_price: float
    demand: float | None
    on_hand: int
    days_supply: float | None


def spells_of(lookup: Lookup, lives: Sequence[UnitLife], as_of: date) -> list[Spell]:
    """Cut the watched part of lives, a year at most, at each move of the price.

    Where none was seen they are cut at AGE_KNOTS. The market price is today's market's, for a unit as old as it was
    when the life ended. Lives whose unit has no market price or no date, or that end in the future, are left
    out, as nothing can be learned of them.
    """
    since = as_of - timedelta(days=LIVES_DAYS)
    crowd = Crowd.of(lives, as_of)
    found: list[Spell] = []
    for number, life in enumerate(lives):
        unit, came, end = life.unit, life.unit.group_stock_date or life.unit.stock_date, life.left or as_of
        if came is None or not max(came, since) < end <= as_of or unit.dealer_id not in lookup.rooftops:
            continue
        shelf = (unit.dealer_id, unit.segment)
        market, demand = lookup.markets.get(shelf), lookup.demands.get(shelf)
        priced = market_price(_as_first_asked(life), market, end)
        if priced is None or priced.basis is PriceBasis.LIST:
            continue
        found += (
            Spell(
                life=number,
                new=unit.is_new,
                began=low,
                age=float((low - came).days),
                until=float((high - came).days),
                sold=life.sold and high == end,
                price=price,
                market_price=priced.amount,
                demand=demand_per_day(demand) if demand else None,
                on_hand=crowd.on(low, shelf),
                days_supply=market.market_days_supply if market else None,
            )
            for low, high, price in _stretches(life.prices, came, max(came, since), end)
        )
    return found


def _as_first_asked(life: UnitLife) -> Unit:
    """Give the unit at its first price: whether it can be compared must not hang on how far it was cut since."""
    return replace(life.unit, list_price=life.prices[0][1]) if life.prices else life.unit


def _stretches(
    prices: Sequence[tuple[date, float]], came: date, began: date, end: date
) -> Iterator[tuple[date, date, float | None]]:
    """Give stretches with the price asked in each; the day of a move still counts at the price before it.

    So a price told on the day of the sale, which is as often the sale's own, is asked of nobody.
    """
    seen_from = min((day for day, _ in prices), default=end)
    unseen = (day for knot in AGE_KNOTS if (day := came + timedelta(days=int(knot))) < seen_from)
    edges = {day for day in (*unseen, *(day for day, _ in prices)) if began < day < end}
    for low, high in pairwise(sorted({began, *edges, end})):
        asked = [price for day, price in prices if day <= low]
        yield low, high, asked[-1] if asked else None
