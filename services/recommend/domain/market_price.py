"""What the market asks for a unit like this one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.recommend.domain.book import SegmentMarket, Unit
    from services.recommend.domain.price_curve import PriceCurve

_KM_PER_YEAR = 19_000.0
STALE_MARKET_DAYS = 60
"""Asking prices older than this say nothing about today's."""
_MISPRICING_SD = 0.10
"""How far stores misprice like units, as the sd of a logarithm; the rest of a gap to the model is equipment."""
_COMPARABLE = (0.80, 1.25)
"""A price further from the model than this says that the unit is another trim, or the data are wrong."""


class PriceBasis(StrEnum):
    """Where a market price comes from, best first."""

    MODEL = "market price model"
    MEDIAN = "market median"
    LIST = "own list price"


@dataclass(frozen=True, slots=True)
class MarketPrice:
    """An asking price in dealer's currency, the sd of its logarithm, and what it rests on."""

    amount: float
    log_sd: float
    basis: PriceBasis
    as_of: date
    formula: str
    caveat: str | None = None


def market_price(unit: Unit, market: SegmentMarket | None, as_of: date) -> MarketPrice | None:
    """Estimate the market's asking price of a unit, or nothing where neither market nor list price is known.

    By the market's price model; without one by the median for a new car; else by the unit's own
    list price, which then cannot be called high or low. The sd grows as the basis weakens: 5 % plus sampling
    error for the model, 8 % for a median, 12 % for the list price. Markets over 60 days old are not used.

    The model knows no equipment, nor every trim, and the store's own tag does: a gap between the two is split by
    what is known of each (normal prior and likelihood of logarithms, Gelman et al., BDA, 2.5). The tag is the first
    that the unit had: cuts since then were made to sell it. So a unit that came in at a price of such a car stays
    one, however far it is cut; and where no market tells, its first tag stands in for one, which no cut moves.
    """
    if market is not None and (as_of - market.as_of).days > STALE_MARKET_DAYS:
        stale = f"the market data are {(as_of - market.as_of).days} days old: too old to price by"
        return _own_list(unit, unit.list_price, as_of, stale) if unit.list_price else None
    estimate = _modelled(unit, market, as_of) if market else None
    if estimate is None and market and market.price_median and (unit.is_new or unit.list_price is None):
        estimate = MarketPrice(
            market.price_median,
            0.08,
            PriceBasis.MEDIAN,
            market.as_of,
            "median asking price of the segment",
            "no price model for the segment: its median is used",
        )
    if unit.list_price is None or unit.list_price <= 0:
        return estimate
    if estimate is None:
        return _own_list(unit, unit.list_price, as_of, "no market price: its list price stands in for one")
    if not any(_is_such_a_car(price, estimate) for price in (unit.list_price, unit.first_price)):
        caveat = "list price and market price are too far apart to be the same car: check trim, odometer and price"
        return _own_list(unit, unit.list_price, as_of, caveat)
    residual = residual_sd_of(market) if market and estimate.basis is PriceBasis.MODEL else None
    return _for_equipment(estimate, _tag(unit, estimate, unit.list_price), residual) if residual else estimate


def _tag(unit: Unit, model: MarketPrice, list_price: float) -> float:
    """Give the price that tells of a unit's equipment: the first one, if it was one for such a car at all.

    What has been cut since tells that the car stood, not that it has less.
    """
    first = unit.first_price
    return first if first and _is_such_a_car(first, model) else list_price


def _is_such_a_car(price: float | None, model: MarketPrice) -> bool:
    low, high = _COMPARABLE
    return price is not None and low <= price / model.amount <= high


def equipment_share(residual_sd: float) -> float:
    """Give the part of a log gap between a tag and the model that is equipment; the rest is mispricing."""
    return residual_sd**2 / (residual_sd**2 + _MISPRICING_SD**2)


def _for_equipment(model: MarketPrice, tag: float, residual_sd: float) -> MarketPrice:
    """Put that part of the gap between tag and model down to equipment which the model is known to miss."""
    share = equipment_share(residual_sd)
    return replace(
        model,
        amount=model.amount * (tag / model.amount) ** share,
        log_sd=math.hypot(model.log_sd - 0.05, residual_sd * math.sqrt(1 - share)),
        formula=(
            f"{model.formula} = {model.amount:,.0f}; {share:.0%} of the gap to its first tag is put down to trim and"
            f" equipment, which the model misses by {residual_sd:.0%}"
        ),
    )


def residual_sd_of(market: SegmentMarket) -> float | None:
    """Give what the market's price model leaves unexplained, as the sd of a log price."""
    return market.price_residual_sd if market.price_curve is None else market.price_curve.residual_sd


def age_years(model_year: int, as_of: date) -> float:
    """Count years of 365.25 days since the first of January of the model year, as the model is fitted."""
    return (as_of - date(model_year, 1, 1)).days / 365.25


def _own_list(unit: Unit, list_price: float, as_of: date, caveat: str) -> MarketPrice:
    """Let the unit's own tag stand in for the market's: the first it had, else the next cut would start from this.

    A first tag that is far from today's was a slip of the keys, or of another time: then it is today's.
    """
    first = _plausible_first(unit, list_price)
    formula = "its own list price" if first is None else "the first list price it had"
    return MarketPrice(first or list_price, 0.12, PriceBasis.LIST, as_of, formula, caveat)


def _plausible_first(unit: Unit, list_price: float) -> float | None:
    low, high = _COMPARABLE
    first = unit.first_price
    return first if first and low <= list_price / first <= high else None


def may_be_cut(unit: Unit, price: MarketPrice) -> bool:
    """Tell whether there is anything but today's tag to hold a lower one against: a market, or the first tag it had.

    Without, each cut would be the ground of the next.
    """
    return price.basis is not PriceBasis.LIST or (
        unit.list_price is not None and _plausible_first(unit, unit.list_price) is not None
    )


def lane_worth(unit: Unit, price: MarketPrice) -> float:
    """Give what the lane's discount is taken off: the market's price, and never more than a tag that nobody believes.

    Where no market tells, or the tag is further under it than such a car's, the lane is not said to pay over the tag.
    """
    tag = unit.list_price
    if tag is None or (price.basis is not PriceBasis.LIST and _is_such_a_car(tag, price)):
        return price.amount
    return min(price.amount, tag)


def _modelled(unit: Unit, market: SegmentMarket, as_of: date) -> MarketPrice | None:
    if unit.model_year is None or (market.price_log_reference is None and market.price_curve is None):
        return None
    years = age_years(unit.model_year, as_of)
    kilometres, caveat = unit.odometer_km, None
    if kilometres is None:
        kilometres = 0.0 if unit.is_new else _KM_PER_YEAR * max(0.5, years)
        caveat = None if unit.is_new else "odometer missing: a usual distance for its age is assumed"
    if market.price_curve is not None:
        return _on_curve(unit, market, market.price_curve, years, kilometres, caveat)
    return _on_line(market, years, kilometres, caveat)


def _on_curve(
    unit: Unit, market: SegmentMarket, curve: PriceCurve, years: float, kilometres: float, caveat: str | None
) -> MarketPrice:
    certified = unit.condition == "certified"
    amount = math.exp(curve.log_price(years, kilometres, unit.trim, certified=certified))
    trim = f" for the {unit.trim}" if curve.knows(unit.trim) else ", trim unknown to the market" if unit.trim else ""
    formula = f"fitted at {years:.1f} years and {kilometres:,.0f} km over {market.priced_listings} listings{trim}"
    log_sd = math.hypot(0.05, curve.reference_sd) + (0.04 if caveat else 0.0)
    return MarketPrice(amount, log_sd, PriceBasis.MODEL, market.as_of, formula, caveat)


def _on_line(market: SegmentMarket, years: float, kilometres: float, caveat: str | None) -> MarketPrice | None:
    if market.price_log_reference is None:
        return None
    age_slope, km_slope = market.price_age_slope or 0.0, market.price_km_slope or 0.0
    exponent = market.price_log_reference + age_slope * years + km_slope * kilometres / 10_000
    log_sd = 0.05 + 0.15 / math.sqrt(max(1, market.priced_listings)) + (0.04 if caveat else 0.0)
    formula = (
        f"exp({market.price_log_reference:.4f} {age_slope:+.4f} × {years:.2f} years"
        f" {km_slope:+.4f} × {kilometres / 10_000:.2f} (10 000 km))"
    )
    return MarketPrice(math.exp(exponent), log_sd, PriceBasis.MODEL, market.as_of, formula, caveat)
