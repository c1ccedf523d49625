"""A rooftop's parameters: what its advice is computed with, policy and learned figures alike."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIMITS = "limits"


class InvalidParametersError(ValueError):
    """One or more parameters lie outside their limits; the message names each, its value and its limits."""


def _within(low: float, high: float, default: float) -> float:
    return field(default=default, metadata={_LIMITS: (low, high)})


def _optional(low: float, high: float) -> float | None:
    return field(default=None, metadata={_LIMITS: (low, high)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Parameters of one rooftop; amounts in its currency, rates as fractions, durations in days.

    The defaults are starting points from the trade (vendor manuals, trainers, auction results) for a store
    that sells in dollars. A store in another currency sets the amounts itself.
    """

    # What a day on the lot costs.
    floorplan_apr: float = _within(0, 0.5, 0.08)
    overhead_per_day: float = _within(0, 1_000, 15)
    depreciation_per_month: float = _within(0, 0.2, 0.015)
    slot_value_per_day: float = _within(0, 1_000, 15)
    """What the next car would earn on this one's place and money, over the ``overhead_per_day`` charged already.

    Charged where the lot or the line is full, and always where the shoppers were learned: there a unit is valued as
    standing until it sells, and what keeps it from standing for ever is that another could stand there.
    """

    # What a retail sale brings.
    negotiation_discount: float = _within(0, 0.3, 0.015)
    back_gross: float = _within(-10_000, 100_000, 1_000)
    default_margin: float = _within(-0.5, 0.8, 0.11)
    """Front gross as a share of the price, where neither the store nor the segment has a history."""
    gross_bias: float = _within(-20_000, 20_000, 0)
    """Learned: how much more (or less) front gross a car in stock realises than its price had told."""

    # What the exit brings.
    wholesale_discount: float = _within(0, 0.9, 0.15)
    wholesale_discount_new: float = _within(0, 0.9, 0.08)
    wholesale_fee: float = _within(0, 10_000, 300)
    wholesale_margin: float = _within(0, 0.5, 0.05)
    """Of the market price: by how much leaving has to beat staying, where shoppers were learned.

    Who stays can still be cut, moved or let go, which staying is not credited with; who went is gone.
    """
    wholesale_after_days: float = _within(0, 730, 60)
    """Retail first: a younger unit is not wholesaled."""

    transport_cost: float = _within(0, 20_000, 250)
    transport_days: float = _within(0, 60, 2)

    # What a price may be, and how it may move.
    floor_to_market: float = _within(0, 2, 0.80)
    floor_to_cost: float = _within(0, 2, 0)
    """None unless the dealer sets one: what a unit cost is spent, whatever it still brings."""
    ceiling_to_market: float = _within(0, 3, 1.08)
    maximum_cut: float = _within(0, 1, 0.15)
    """Of the present price; a unit above the market may always be cut down to it at once."""
    maximum_rise: float = _within(0, 1, 0.03)
    """Of the present price; nothing is raised from ``age_review_days`` on."""
    minimum_step: float = _within(0, 0.5, 0.01)
    minimum_step_amount: float = _within(0, 10_000, 100)
    cooling_days: float = _within(0, 90, 7)

    # How much better an action must be before it is advised.
    margin_amount: float = _within(0, 100_000, 150)
    margin_fraction: float = _within(0, 0.5, 0.01)
    """Of the unit's market price."""

    # Time to sale.
    horizon_days: float = _within(7, 365, 90)
    median_days_used: float = _within(1, 730, 32)
    median_days_new: float = _within(1, 730, 50)
    staleness: float = _within(0, 2, 0.15)
    """How much of its daily chance a unit loses with each 30 days after its first 30."""
    frailty: float = _within(0, 5, 0.4)
    """How unlike each other units of a segment are: variance of their own pace around the segment's."""
    hazard_scale: float = _within(0.05, 20, 1)
    price_elasticity: float = _within(0, 40, 9)
    """Per cent by which the daily chance falls when the price to market rises by one point."""

    # Learned: what is added to the log odds of the confidence in advice, by how often it proved right.
    confidence_reprice: float = _within(-3, 3, 0)
    confidence_transfer: float = _within(-3, 3, 0)
    confidence_wholesale: float = _within(-3, 3, 0)

    # The calendar rule that managers know, and that a hold has to answer.
    age_review_days: float = _within(1, 730, 30)
    age_cut_days: float = _within(1, 730, 45)
    age_exit_days: float = _within(1, 730, 60)
    age_review_to_market: float = _within(0, 2, 1.00)
    age_cut_to_market: float = _within(0, 2, 0.97)

    # Stocking.
    lead_days_new: float = _within(0, 365, 60)
    lead_days_used: float = _within(0, 365, 10)
    review_days: float = _within(1, 90, 7)
    display_days: float = _within(0, 180, 14)
    """Days until the customer whom this colour and trim suits comes, however many want the segment."""
    minimum_presence: float = _within(0, 100, 0)
    stock_elasticity: float = _within(0, 0.95, 0.5)
    """Per cent by which a segment's sales rise with each per cent of its usual stock."""
    substitution: float = _within(0, 1, 0.3)
    """Share of customers who buy something else from the store when it has not got what they came for."""
    floorplan_line: float | None = _optional(0, 1e12)
    lot_slots: float | None = _optional(0, 100_000)

    advice_days: float = _within(1, 90, 7)

    def __post_init__(self) -> None:
        """Refuse values outside their limits, all of them in one message.

        Raises:
            InvalidParametersError: if a value is not finite or outside its limits, or the floor to market is
                above the ceiling.
        """
        faults = []
        for each in dataclasses.fields(self):
            value = getattr(self, each.name)
            low, high = each.metadata[_LIMITS]
            if value is not None and not (math.isfinite(value) and low <= value <= high):
                faults.append(f"{each.name} is {value}; it has to be between {low} and {high}")
        if self.floor_to_market > self.ceiling_to_market:
            faults.append(
                f"floor_to_market ({self.floor_to_market}) is above ceiling_to_market "
                f"({self.ceiling_to_market}); no price would be allowed"
            )
        if faults:
            raise InvalidParametersError("; ".join(faults))

    def lead_days(self, *, new: bool) -> float:
        """Give the days from order to lot (new) or from purchase to frontline-ready (used)."""
        return self.lead_days_new if new else self.lead_days_used

    def median_days(self, *, new: bool) -> float:
        """Give the prior median days to sell of a condition."""
        return self.median_days_new if new else self.median_days_used

    def exit_discount(self, *, new: bool) -> float:
        """Give the fraction under the market's asking price that leaving by the back door costs."""
        return self.wholesale_discount_new if new else self.wholesale_discount


def from_mapping(overrides: Mapping[str, float]) -> tuple[Parameters, tuple[str, ...]]:
    """Lay overrides over the defaults; keys that are not parameters are left out and returned, sorted.

    Raises:
        InvalidParametersError: if a value is outside its limits.
    """
    known = {each.name for each in dataclasses.fields(Parameters)}
    accepted = {name: float(value) for name, value in overrides.items() if name in known}
    return Parameters(**accepted), tuple(sorted(set(overrides) - known))
