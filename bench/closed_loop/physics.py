"""How the simulated trade works: money, customers and the lane; none of it is the engine's own model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Physics:
    """Figures of the simulated world; amounts in USD, durations in days, spreads as sd of logarithms."""

    rooftops: int = 3
    warm_up_weeks: int = 52
    weeks: int = 52

    # Customers.
    visitors_per_day: float = 5.0
    """At one rooftop, in an average month; each wants one configuration and has a budget."""
    visitors_spread: float = 0.25
    appeal: float = -1.15
    appeal_spread: float = 0.7
    price_sensitivity: float = 10.0
    """Utility lost with each unit of price over market; lognormal between customers."""
    price_sensitivity_spread: float = 0.45
    stickiness_spread: float = 0.4
    budget_over_wanted: float = 0.10
    budget_spread: float = 0.14

    # Units: what no feed shows.
    quality_spread: float = 0.35
    good_quality: float = 0.15
    lemon_share: float = 0.12
    lemon_quality: float = -1.5
    equipment_spread: float = 0.04
    staleness: float = 0.35
    """Utility that a unit loses with each 60 days on the lot, up to 120."""

    # The market's prices and tastes.
    level_volatility: float = 0.006
    """Weekly, of each model's price level, which pulls back to its mean."""
    competitor_moves_per_year: float = 1.5
    competitor_move: float = 0.05
    trend_breaks_per_year: float = 0.6
    trend_break: float = 0.55
    asking_spread: float = 0.06
    competitor_units: float = 45.0
    """Units of an average model advertised in the region at any time."""

    # Buying and leaving.
    lane_price: float = 0.845
    """Of the retail market value, for the first unit of a model in a week; each further one is dearer."""
    lane_slope: float = 0.008
    lane_spread: float = 0.05
    lane_fee: float = 250.0
    offers_per_week: float = 7.0
    """Of a model in the lane that a buyer of the group would bid on; beyond them there is none."""
    recon_mean: float = 850.0
    lead_days: float = 10.0
    wholesale_price: float = 0.845
    wholesale_spread: float = 0.05
    wholesale_fee: float = 300.0
    transport_cost: float = 250.0
    transport_days: int = 2

    # The store's own costs and limits.
    floorplan_apr: float = 0.08
    overhead_per_day: float = 15.0
    back_gross: float = 1_000.0
    negotiation: float = 0.015
    lot_slots: int = 100
    floorplan_line: float = 2_200_000.0
    daily_purchases: int = 3
    """The most that one buyer gets done for a rooftop in a day."""
    appraisal_error: float = 0.045

    @property
    def first_scored_day(self) -> int:
        """Give the day on which the policies take over from the warm-up."""
        return self.warm_up_weeks * 7

    @property
    def days(self) -> int:
        """Give all days, those of the warm-up included."""
        return (self.warm_up_weeks + self.weeks) * 7
