"""A unit as it would stand at one rooftop: its market price, holding cost, pace of sale and way out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.recommend.domain.demand import demand_here, demand_per_day
from services.recommend.domain.expected_gross import back_gross
from services.recommend.domain.holding import HoldingCost, holding_cost
from services.recommend.domain.market_price import MarketPrice, PriceBasis, lane_worth, market_price
from services.recommend.domain.time_to_sale import LN2, base_rate, quality, rate_log_sd
from services.recommend.domain.value import Attracted, Fitted, Setting

if TYPE_CHECKING:
    from datetime import date

    from services.recommend.domain.book import Rooftop, SegmentDemand, SegmentMarket, Unit
    from services.recommend.domain.lookup import Lookup
    from services.recommend.domain.shelf_pull import Crowd

_ENOUGH_SALES = 5
_STALE_DAYS = 21


@dataclass(frozen=True, slots=True)
class Appraisal:
    """A unit at a rooftop, with all that its value there rests on; amounts in the rooftop's currency."""

    unit: Unit
    rooftop: Rooftop
    as_of: date
    setting: Setting
    market_price: MarketPrice
    holding: HoldingCost
    market: SegmentMarket | None
    demand: SegmentDemand | None
    demand_per_day: float | None
    on_hand: int
    departing: int
    quality: float
    usual_days: float
    usual_days_source: str
    back_gross_source: str
    degraded: tuple[str, ...]

    @property
    def back_gross(self) -> float:
        """Give the back gross to expect of a retail sale, without what the store learned of front gross."""
        return self.setting.back_gross - self.rooftop.parameters.gross_bias

    @property
    def price(self) -> float:
        """Give the present asking price; the market price where none is set."""
        return self.unit.list_price or self.market_price.amount

    @property
    def price_to_market(self) -> float:
        """Give the asking price over the market price."""
        return self.price / self.market_price.amount

    @property
    def comparable(self) -> bool:
        """Whether the market price is the market's and not the unit's own list price."""
        return self.market_price.basis is not PriceBasis.LIST

    @property
    def margin(self) -> float:
        """Give by how much an action has to beat a lesser one."""
        parameters = self.rooftop.parameters
        return max(parameters.margin_amount, parameters.margin_fraction * self.market_price.amount)

    @property
    def exit_margin(self) -> float:
        """Give by how much leaving has to beat staying; more where staying is valued without an exit later."""
        if self.setting.attracted is None:
            return self.margin
        return max(self.margin, self.rooftop.parameters.wholesale_margin * self.market_price.amount)

    def front_gross(self, price: float) -> float | None:
        """Give the front gross to expect at an asking price, or nothing where the cost is unknown."""
        cost = self.unit.total_cost
        if cost is None:
            return None
        sale = price * (1 - self.rooftop.parameters.negotiation_discount)
        return sale - cost + self.rooftop.parameters.gross_bias


def appraise(lookup: Lookup, unit: Unit, dealer_id: str, as_of: date, *, change: int = 0) -> Appraisal | None:
    """Appraise a unit at a rooftop, or give nothing where neither a market nor a list price is known.

    ``change`` is by how many the units of its segment there differ from the book: below zero where others
    have been advised to leave, above where it or others are to come.
    """
    rooftop, shelf = lookup.rooftops[dealer_id], (dealer_id, unit.segment)
    on_hand = lookup.on_hand[shelf] + change
    parameters, market, demand = rooftop.parameters, lookup.markets.get(shelf), lookup.demands.get(shelf)
    priced = market_price(unit, market, as_of)
    if priced is None:
        return None
    exit_cash = lane_worth(unit, priced) * (1 - parameters.exit_discount(new=unit.is_new)) - parameters.wholesale_fee
    capital = max(0.0, exit_cash) if unit.total_cost is None else unit.total_cost
    there = lookup.crowds.get(shelf)
    full = there is not None or dealer_id in lookup.full
    holding = holding_cost(capital, priced.amount, parameters, full=full)
    pace, usual_days, usual_source = _pace(lookup, unit, dealer_id, on_hand)
    at_home = pace
    if dealer_id != unit.dealer_id:
        at_home, _, _ = _pace(lookup, unit, unit.dealer_id, lookup.on_hand[unit.dealer_id, unit.segment])
    age = float(unit.group_days(as_of) or 0)
    own_pace = quality(at_home, age, parameters.frailty)
    back, back_source = back_gross(lookup, dealer_id, unit.segment)
    lane = lookup.lane(unit.dealer_id, dealer_id)
    setting = Setting(
        dealer_id=dealer_id,
        market_price=priced.amount,
        market_log_sd=priced.log_sd,
        base_rate=pace * own_pace * parameters.hazard_scale,
        rate_log_sd=rate_log_sd(demand.units_sold if demand else 0, demand_known=demand is not None),
        elasticity=there.attraction.elasticity if there else parameters.price_elasticity,
        age_days=age,
        staleness=parameters.staleness,
        horizon_days=float(round(parameters.horizon_days)),
        delay_days=float(math.ceil(lane.days)) if lane else 0.0,
        holding_per_day=holding.per_day,
        negotiation_discount=parameters.negotiation_discount,
        back_gross=back + parameters.gross_bias,
        exit_cash=exit_cash,
        upfront_cost=lane.cost if lane else 0.0,
        attracted=_attracted(there, unit, on_hand - 1) if there else None,
        fitted=_fitted(lookup, unit, market, demand, rooftop, on_hand, as_of),
        elsewhere=dealer_id != unit.dealer_id,
    )
    return Appraisal(
        unit=unit,
        rooftop=rooftop,
        as_of=as_of,
        setting=setting,
        market_price=priced,
        holding=holding,
        market=market,
        demand=demand,
        demand_per_day=demand_per_day(demand) if demand else None,
        on_hand=on_hand,
        departing=max(0, -change),
        quality=there.attraction.quality(unit.vehicle_key) if there else own_pace,
        usual_days=usual_days,
        usual_days_source=usual_source,
        back_gross_source=back_source,
        degraded=_missing(unit, priced, demand, as_of),
    )


def _attracted(there: Crowd, unit: Unit, others: int) -> Attracted:
    attraction, others = there.attraction, max(0, others)
    return Attracted(
        shoppers=there.shoppers,
        appeal=attraction.appeal * attraction.quality(unit.vehicle_key),
        staleness=attraction.staleness,
        others=others,
        beside=there.beside(unit.vehicle_key, others),
        elasticity_log_sd=attraction.elasticity_log_sd,
    )


def _fitted(
    lookup: Lookup,
    unit: Unit,
    market: SegmentMarket | None,
    demand: SegmentDemand | None,
    rooftop: Rooftop,
    on_hand: int,
    as_of: date,
) -> Fitted | None:
    if lookup.pace is None:
        return None
    return Fitted(
        model=lookup.pace,
        as_of=as_of,
        new=unit.is_new,
        demand_per_day=demand_per_day(demand) if demand else None,
        on_hand=on_hand,
        days_supply=market.market_days_supply if market else None,
        scale=rooftop.parameters.hazard_scale,
        most=1 / max(1.0, rooftop.parameters.display_days),
    )


def _missing(unit: Unit, priced: MarketPrice, demand: SegmentDemand | None, as_of: date) -> tuple[str, ...]:
    """List what the appraisal had to do without."""
    missing = [priced.caveat] if priced.caveat else []
    if demand is not None and (as_of - demand.as_of).days > _STALE_DAYS:
        missing.append(f"the forecast is {(as_of - demand.as_of).days} days old")
    if (as_of - priced.as_of).days > _STALE_DAYS:
        missing.append(f"the market price is {(as_of - priced.as_of).days} days old")
    if unit.total_cost is None:
        missing.append("cost missing: interest is reckoned on its wholesale value, and nothing is said of profit")
    if demand is None:
        missing.append("no demand forecast: the usual days to sell are assumed")
    if unit.group_days(as_of) is None:
        missing.append("stock date missing: its age is left out")
    return tuple(missing)


def _pace(lookup: Lookup, unit: Unit, dealer_id: str, on_hand: int) -> tuple[float, float, str]:
    """Give the daily intensity of a fresh unit at a rooftop, its usual days to sell and their source."""
    demand = lookup.demands.get((dealer_id, unit.segment))
    market = lookup.markets.get((dealer_id, unit.segment))
    usual_days, source = _usual_days(lookup, dealer_id, unit, market)
    parameters = lookup.rooftops[dealer_id].parameters
    daily = demand_here(demand, on_hand, parameters) if demand else None
    sold = demand.units_sold if demand else 0
    pace = base_rate(daily, on_hand, usual_days, sold, display_days=parameters.display_days)
    return pace, usual_days, source


def _usual_days(lookup: Lookup, dealer_id: str, unit: Unit, market: SegmentMarket | None) -> tuple[float, str]:
    """Give the store's usual median days to sell; its own sales first, then half default and half market."""
    for history in lookup.history(dealer_id, unit.segment):
        if history and history.median_days_to_sell and history.n >= _ENOUGH_SALES:
            return max(1.0, history.median_days_to_sell), f"median of {history.n} sales"
    default = lookup.rooftops[dealer_id].parameters.median_days(new=unit.is_new)
    if market and market.market_days_supply:
        return math.sqrt(default * LN2 * market.market_days_supply), "default and market days' supply"
    return default, "default"
