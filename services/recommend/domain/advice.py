"""A piece of advice: what to do, what it is worth, how sure, why, and what else was weighed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.recommend.domain.actions import Action

if TYPE_CHECKING:
    from services.recommend.domain.telling.evidence import Evidence

Identity = tuple[str, Action, str, str]
"""What makes two pieces of advice the same: dealer, action, vehicle or segment, destination (or nothing)."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A course that was weighed; its value is told over the same as the advice's own, in dealer's currency."""

    action: Action
    value: float
    value_per_day: float
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One piece of advice; amounts in the dealer's currency, rounded to cents, prices to whole units.

    ``value`` is expected net for the whole piece: of a transfer over the best that could be done with the unit
    where it stands, of all else over doing nothing. So a hold is worth 0; its evidence says what the calendar's
    rule would have cost. ``confidence`` is the chance of turning out better than that (a hold: than the rule).
    Hazards are chances of sale per day, absent where a sale is not what is advised.
    """

    dealer_id: str
    action: Action
    segment: str
    label: str
    currency: str
    policy_version: int
    value: float
    value_per_day: float
    confidence: float
    reason: str
    expires_in_days: int
    evidence: tuple[Evidence, ...]
    alternatives: tuple[Alternative, ...] = ()
    degraded: tuple[str, ...] = ()
    vehicle_key: str | None = None
    vin: str | None = None
    stock_number: str | None = None
    quantity: int | None = None
    price: float | None = None
    current_price: float | None = None
    destination_dealer_id: str | None = None
    expected_daily_hazard: float | None = None
    baseline_daily_hazard: float | None = None
    hazard_scaled: bool = True
    most_to_pay: float | None = None
    """Of a purchase of used cars: what one may cost, all in; in whole units of the currency."""
    expected_gross: float | None = None
    back_gross: float | None = None
    baseline_back_gross: float | None = None
    effects: float | None = None
    """What of ``value`` other units gain, or lose."""
    lane_fee: float | None = None
    baseline_net: float | None = None
    """Of what ``value`` is told over, for the unit alone and less its cost; absent where that is unknown."""
    holding_cost_per_day: float | None = None
    upfront_cost: float | None = None
    """Paid at once where it is followed: a transfer's transport."""
    call_confidence: float | None = None
    """Of advice on a unit: the chance of being called right by what comes of it within a fixed time, undone."""
    market_price: float | None = None
    held_out: bool = False
    """Whether it is kept back, so that what advice brings can be measured; nothing else counts on it."""
    hold_out_share: float = 0.0
    """Share of advice like this that is kept back; 0 where a rule demands it, or where nothing is."""
    clash: bool = False
    """Whether it is no advice on cars but tells which rules cannot all be kept."""

    @property
    def identity(self) -> Identity:
        """Give what makes two pieces of advice the same."""
        return self.dealer_id, self.action, self.vehicle_key or self.segment, self.destination_dealer_id or ""


def cents(amount: float) -> float:
    """Round an amount to cents; never a negative zero."""
    return round(amount, 2) + 0.0
