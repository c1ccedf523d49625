"""How fast a tenant's units really sold: their lives as the book of today sees them, and the model of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.recommend.domain.demand import demand_per_day
from services.recommend.domain.lookup import Lookup, look_up
from services.recommend.domain.market_price import PriceBasis, market_price
from services.recommend.domain.time_to_sale import HazardModel, Lives, UnitFeatures, fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.recommend.domain.book import TenantBook, Unit

LIVES_DAYS = 365
"""Lives are watched for a year: older ones tell of another market."""


@dataclass(frozen=True, slots=True)
class UnitLife:
    """A unit that stands or stood here; ``left`` and ``sold`` (at retail) tell how its stay ended."""

    unit: Unit
    left: date | None = None
    sold: bool = False
    prices: tuple[tuple[date, float], ...] = ()
    """Asking prices with the day from which each is known to have held, in order; empty where none was seen."""


def fit_pace(book: TenantBook, lives: Sequence[UnitLife], as_of: date) -> HazardModel | None:
    """Fit the time to sale across a tenant; nothing where it does not beat the prior on units held out.

    A life counts from the day its unit came, or from a year ago where that is later (delayed entry), at its
    last asking price against what today's market model makes of it. Lives whose unit has no market price or
    no date are left out, as nothing can be learned of them.

    Raises:
        NotConverged: if the fit finds no maximum.
    """
    lookup = look_up(replace(book, units=()), as_of)
    spells = _spells(lookup, lives, as_of)
    if not spells:
        return None
    features = UnitFeatures.of(
        [spell.began for spell in spells],
        [spell.market_price for spell in spells],
        [spell.age for spell in spells],
        new=[spell.unit.is_new for spell in spells],
        demand_per_day=[spell.demand for spell in spells],
        on_hand=[float(spell.on_hand) for spell in spells],
        days_supply=[spell.days_supply for spell in spells],
    )
    model = fit(
        Lives.of(
            features,
            unit=list(range(len(spells))),
            price=[spell.unit.list_price or spell.market_price for spell in spells],
            until_days=[spell.until for spell in spells],
            sold=[spell.sold for spell in spells],
        )
    )
    trusted = model.gain is not None and model.gain > 0 and model.calibration.is_straight
    return model if trusted else None


@dataclass(frozen=True, slots=True)
class _Spell:
    """The watched part of a life; ages in days."""

    unit: Unit
    began: date
    age: float
    until: float
    sold: bool
    market_price: float
    demand: float | None
    on_hand: int
    days_supply: float | None


def _spells(lookup: Lookup, lives: Sequence[UnitLife], as_of: date) -> list[_Spell]:
    since = as_of - timedelta(days=LIVES_DAYS)
    crowd = _Crowd.of(lives, as_of)
    found = []
    for life in lives:
        unit, came, end = life.unit, life.unit.group_stock_date or life.unit.stock_date, life.left or as_of
        if came is None or end <= max(came, since) or unit.dealer_id not in lookup.rooftops:
            continue
        shelf = (unit.dealer_id, unit.segment)
        market, demand = lookup.markets.get(shelf), lookup.demands.get(shelf)
        priced = market_price(unit, market, as_of)
        if priced is None or priced.basis is PriceBasis.LIST:
            continue
        began = max(came, since)
        found.append(
            _Spell(
                unit=unit,
                began=began,
                age=float((began - came).days),
                until=float((end - came).days),
                sold=life.sold,
                market_price=priced.amount,
                demand=demand_per_day(demand) if demand else None,
                on_hand=crowd.on(began, shelf),
                days_supply=market.market_days_supply if market else None,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class _Crowd:
    """How many stood on each shelf at the beginning of each week."""

    counts: Counter[tuple[tuple[str, str], int]]

    @classmethod
    def of(cls, lives: Sequence[UnitLife], as_of: date) -> _Crowd:
        counts: Counter[tuple[tuple[str, str], int]] = Counter()
        since = (as_of - timedelta(days=LIVES_DAYS)).toordinal()
        for life in lives:
            came, end = life.unit.group_stock_date or life.unit.stock_date, (life.left or as_of).toordinal()
            if came is not None:
                weeks = range(max(came.toordinal(), since) // 7, end // 7 + 1)
                counts.update(((life.unit.dealer_id, life.unit.segment), week) for week in weeks)
        return cls(counts)

    def on(self, day: date, shelf: tuple[str, str]) -> int:
        """Count those there in the week of a day, the unit itself included."""
        return max(1, self.counts[shelf, day.toordinal() // 7])
