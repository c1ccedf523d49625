"""A rooftop's own units and sales, and what the market asks for each unit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from services.market.domain.like_mine import lookup
from services.market.domain.price_model import age_years

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.market.domain.like_mine import Cell, LikeMine
    from services.market.domain.price_model import PriceModel


@dataclass(frozen=True, slots=True)
class OwnUnit:
    """A retail vehicle the rooftop has on hand; sold-pending and wholesale-intent ones are to be left out.

    One on order is ``inbound``, and an order may be of several. The odometer is in kilometres.
    """

    key: str
    segment: str
    label: str = ""
    model_year: int | None = None
    trim: str | None = None
    odometer_km: float | None = None
    certified: bool = False
    inbound: bool = False
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class OwnSale:
    """A retail sale of the rooftop that stands; unwound and wholesale ones are to be left out."""

    key: str
    segment: str
    sold_on: date
    label: str = ""


@dataclass(frozen=True, slots=True)
class UnitMarket:
    """What the market asks for one own unit, in the region's currency, and how long its like supplies last.

    ``expected_price`` is what price-to-market and cost-to-market are divided by; ``log_sd`` is how far a
    vehicle of its description may lie from it, in log price. ``days_supply`` is of vehicles like it, shrunk,
    and ``n`` is the adverts that it rests on.
    """

    vehicle_key: str
    expected_price: float | None = None
    log_sd: float | None = None
    days_supply: float | None = None
    n: int = 0


def unit_market(unit: OwnUnit, model: PriceModel | None, cells: Mapping[Cell, LikeMine], as_of: date) -> UnitMarket:
    """Set one unit against the market; without its year, or a used one's odometer, it has no expected price."""
    like = lookup(cells, unit.model_year, unit.trim)
    expected, log_sd = None, None
    odometer = 0.0 if unit.odometer_km is None and unit.segment.startswith("new/") else unit.odometer_km
    if model is not None and unit.model_year is not None and odometer is not None:
        years = age_years(unit.model_year, as_of)
        expected = model.expected_price(years, odometer, trim=unit.trim, certified=unit.certified)
        log_sd = math.hypot(model.residual_sd, model.reference_sd)
    return UnitMarket(
        vehicle_key=unit.key,
        expected_price=expected,
        log_sd=log_sd,
        days_supply=like.days_supply if like else None,
        n=like.n if like else 0,
    )


def unit_markets(
    units: Iterable[OwnUnit],
    models: Mapping[str, PriceModel],
    cells: Mapping[str, Mapping[Cell, LikeMine]],
    as_of: date,
) -> dict[str, tuple[UnitMarket, ...]]:
    """Set every unit on hand against the market, by segment, in the order of their keys."""
    found: dict[str, list[UnitMarket]] = {}
    for unit in sorted(units, key=lambda each: each.key):
        if not unit.inbound:
            market = unit_market(unit, models.get(unit.segment), cells.get(unit.segment, {}), as_of)
            found.setdefault(unit.segment, []).append(market)
    return {segment: tuple(each) for segment, each in found.items()}
