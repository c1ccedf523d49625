"""Where a rooftop stands in a segment: what it has, what it should have, and what one more is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.book import is_new
from services.recommend.domain.demand import demand_over, demand_per_day, season
from services.recommend.domain.expected_gross import expected_gross
from services.recommend.domain.holding import HoldingCost, holding_cost
from services.recommend.domain.stocking.newsvendor import added_sales, critical_ratio, most_units
from services.recommend.domain.stocking.shelf_value import ShelfValue, shelf_value
from services.recommend.domain.value import LONGEST_HORIZONS
from services.recommend.domain.variety import growth

if TYPE_CHECKING:
    from services.recommend.domain.book import Rooftop, SegmentDemand
    from services.recommend.domain.expected_gross import ExpectedGross
    from services.recommend.domain.lookup import Lookup
    from services.recommend.domain.time_to_sale import Floats


@dataclass(frozen=True, slots=True)
class Skipped:
    """A shelf or unit on which no advice is given, and why."""

    dealer_id: str
    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class Economics:
    """What having one, and having one too many, of a segment is worth; see :func:`economics`.

    ``kept`` is the share of a car's gross that only having it brings.
    """

    kept: float
    wait_days: float
    unsold: float
    exit_loss: float
    underage: float
    overage: float


@dataclass(frozen=True, slots=True)
class Position:
    """A shelf's stock against its target, which counts what is on the way.

    ``marginal[n - 1]`` is the expected net of having an n-th unit here or on the way over the days to cover:
    lead time, review period and the days a unit is on display. ``lead_mean`` and ``after_mean`` are demand
    before and after a purchase of today lands. ``least`` is what ``least_rule`` wants to be here at all events.
    """

    rooftop: Rooftop
    segment: str
    label: str
    on_hand: int
    inbound: int
    demand: SegmentDemand
    demand_per_day: float
    cover_days: float
    demand_mean: float
    lead_days: float
    lead_mean: float
    gross: ExpectedGross
    holding: HoldingCost
    economics: Economics
    critical_ratio: float
    target: int
    marginal: tuple[float, ...]
    least: int = 0
    least_rule: str = ""
    shelf: ShelfValue | None = None
    """What further units bring by the tenant's own shoppers, where they were learned."""
    has_sold: bool = True
    """Whether the rooftop has any retail sale on record; without one nothing can be told of what it could sell."""
    held: int = 0
    """Of those on hand, the ones that are kept from sale for now, and so from being sent elsewhere."""

    def growth(self, units: int) -> Floats:
        """Give by how much demand is larger with 1, 2, ... ``units`` there than at the usual stock."""
        return growth(np.arange(1.0, units + 1), self.demand.usual_stock, self.rooftop.parameters.stock_elasticity)

    def growth_at(self, units: int) -> float:
        """Give that factor for so many units; for none that of one, as demand is only seen where there is one."""
        return float(self.growth(max(1, units))[-1])

    @property
    def after_days(self) -> float:
        """Give the days that a purchase of today has to cover once it has landed."""
        return self.cover_days - self.lead_days

    @property
    def after_mean(self) -> float:
        """Give demand over those days."""
        return max(0.0, self.demand_mean - self.lead_mean)

    @property
    def margin(self) -> float:
        """Give what a unit has to be worth to be bought."""
        parameters = self.rooftop.parameters
        return max(parameters.margin_amount, parameters.margin_fraction * self.gross.retail)

    @property
    def gap(self) -> int:
        """Give how many are missing, counting what is on the way."""
        return max(0, self.target - self.on_hand - self.inbound)

    @property
    def excess(self) -> int:
        """Give how many of those for sale stand there beyond the target."""
        return max(0, self.on_hand - self.held - self.target)


def economics(gross: ExpectedGross, per_day: float, daily: float, rooftop: Rooftop, *, new: bool) -> Economics:
    """Give the cost of a unit too few (Cu) and of a unit too many (Co), in the rooftop's currency.

    Cu is what keeping one on the shelf earns: gross, less what substitution would have earned anyway, less
    holding for the time until the next customer, less the loss at the exit should none come within the
    horizon. Co is holding for one review period, after which one would simply have bought one fewer.
    """
    parameters = rooftop.parameters
    horizon = parameters.horizon_days
    unsold = math.exp(-daily * horizon)
    wait = (1 - unsold) / daily if daily > 0 else horizon
    exit_cash = gross.retail * (1 - parameters.exit_discount(new=new)) - parameters.wholesale_fee
    exit_loss = max(0.0, gross.cost - exit_cash)
    kept = (1 - parameters.substitution) * (1 - unsold)
    return Economics(
        kept=kept,
        wait_days=wait,
        unsold=unsold,
        exit_loss=exit_loss,
        underage=kept * (gross.front + gross.back) - unsold * exit_loss - per_day * wait,
        overage=per_day * parameters.review_days,
    )


def stock_positions(lookup: Lookup) -> tuple[list[Position], list[Skipped]]:
    """Find where every rooftop stands in every segment with a forecast, and what had to be left out."""
    positions: list[Position] = []
    skipped: list[Skipped] = []
    for (dealer_id, segment), demand in sorted(lookup.demands.items()):
        found = _position(lookup, dealer_id, segment, demand)
        if isinstance(found, Position):
            positions.append(found)
        else:
            skipped.append(found)
    for dealer_id, segment in sorted(set(lookup.on_hand) - set(lookup.demands)):
        skipped.append(Skipped(dealer_id, segment, "no demand forecast: no stock target can be set"))
    for rooftop in lookup.rooftops.values():
        for segment, rule in sorted(rooftop.rules.segments.items()):
            if rule.minimum_presence and (rooftop.dealer_id, segment) not in lookup.demands:
                reason = f"minimum presence of {rule.minimum_presence} is ruled, but there is no forecast to buy by"
                skipped.append(Skipped(rooftop.dealer_id, segment, reason))
    return positions, skipped


def _position(lookup: Lookup, dealer_id: str, segment: str, demand: SegmentDemand) -> Position | Skipped:
    rooftop, new = lookup.rooftops[dealer_id], is_new(segment)
    parameters = rooftop.parameters
    gross = expected_gross(lookup, dealer_id, segment)
    if gross is None:
        reason = "no cost in sales or stock and no market median: what a unit costs cannot be told"
        return Skipped(dealer_id, segment, reason)
    there = lookup.crowds.get((dealer_id, segment))
    full = there is not None or dealer_id in lookup.full
    holding = holding_cost(gross.cost, gross.retail, parameters, full=full)
    if holding.per_day <= 0:
        return Skipped(dealer_id, segment, "holding costs nothing by the parameters: any number would be right")
    daily = demand_per_day(demand)
    lead = parameters.lead_days(new=new)
    cover = lead + parameters.review_days + parameters.display_days
    mean = demand_over(demand, cover)
    worth = economics(gross, holding.per_day, daily, rooftop, new=new)
    count = most_units(mean, demand.dispersion)
    factors = growth(np.arange(1.0, count + 1), demand.usual_stock, parameters.stock_elasticity)
    added = added_sales(count, mean, factors, demand.dispersion)
    marginal = added * worth.underage - (1 - added) * worth.overage
    wanted = int((marginal > 0).sum()) if worth.underage > 0 else 0
    shelf = None
    if there is not None:
        standing = lookup.on_hand[dealer_id, segment] + lookup.inbound[dealer_id, segment]
        shelf = shelf_value(
            there,
            gross,
            holding.per_day,
            exit_loss=worth.exit_loss,
            inbound=lookup.inbound[dealer_id, segment],
            lead_days=lead + parameters.review_days / 2,
            longest_days=LONGEST_HORIZONS * parameters.horizon_days,
            season=season(demand, lead, cover),
        )
        marginal = shelf.marginal(0, count + standing)
        wanted = int((marginal > 0).sum())
    least, least_rule = _least(rooftop, demand, daily)
    return Position(
        rooftop=rooftop,
        segment=segment,
        label=demand.label,
        on_hand=lookup.on_hand[dealer_id, segment],
        inbound=lookup.inbound[dealer_id, segment],
        demand=demand,
        demand_per_day=daily,
        cover_days=cover,
        demand_mean=mean,
        lead_days=lead,
        lead_mean=demand_over(demand, lead),
        gross=gross,
        holding=holding,
        economics=worth,
        critical_ratio=critical_ratio(worth.underage, worth.overage),
        target=max(wanted, least),
        marginal=tuple(float(value) for value in marginal),
        least=least,
        least_rule=least_rule,
        shelf=shelf,
        has_sold=dealer_id in lookup.sellers,
        held=lookup.held[dealer_id, segment],
    )


def _least(rooftop: Rooftop, demand: SegmentDemand, daily: float) -> tuple[int, str]:
    """Give how many the rules want on a shelf, and by which rule; those for every segment only where it sold."""
    rules, ruled = rooftop.rules, rooftop.rules.segments.get(demand.segment)
    wanted = [(0, "")]
    if ruled is not None and ruled.minimum_presence is not None:
        wanted.append((ruled.minimum_presence, f"minimum presence of {ruled.minimum_presence}"))
    elif demand.units_sold > 0:
        presence = int(rooftop.parameters.minimum_presence)
        wanted.append((presence, f"minimum presence of {presence}"))
    if rules.min_days_supply is not None and demand.units_sold > 0:
        units = math.floor(rules.min_days_supply * daily)
        wanted.append((units, f"at least {rules.min_days_supply:g} days' supply"))
    return max(wanted, key=lambda each: each[0])
