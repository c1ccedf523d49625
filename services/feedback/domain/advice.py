"""Advice as it was issued, the dealer's answer to it, and what happened to the vehicle or segment since.

Calendar days are the rooftop's: ``issued_at`` and its like are to be passed in the rooftop's time zone. Money
is in the rooftop's currency.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime


class Action(StrEnum):
    """What a dealer was advised to do."""

    ORDER = "order"
    ACQUIRE = "acquire"
    TRANSFER = "transfer"
    REPRICE = "reprice"
    HOLD = "hold"
    WHOLESALE = "wholesale"

    @property
    def stocks(self) -> bool:
        """Tell advice on bringing in vehicles from advice on a vehicle on hand."""
        return self in (Action.ORDER, Action.ACQUIRE)


class Status(StrEnum):
    """Whether the advice still stands."""

    ISSUED = "issued"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Decision(StrEnum):
    """What the dealer answered."""

    ACCEPTED = "accepted"
    MODIFIED = "modified"
    DECLINED = "declined"


class Kind(StrEnum):
    """How it ended."""

    SOLD = "sold"
    WHOLESALED = "wholesaled"
    TRANSFERRED = "transferred"
    DEPARTED = "departed"
    STOCKED = "stocked"
    UNSOLD = "unsold"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class Parameters:
    """What is learned per rooftop; the defaults are what advice is computed with before anything is learned.

    ``hazard_scale`` multiplies the daily chance of sale, ``gross_bias`` is added to the expected front gross
    (currency), ``demand_scale`` multiplies the forecast's mean. ``wholesale_discount`` is what the lane pays less
    for a used vehicle, as a share of the market's price; ``lead_days`` run from an order (new) or purchase (used)
    to the lot. ``confidence`` shifts are added to the log odds of the confidence in advice of an action.
    """

    hazard_scale: float = 1.0
    gross_bias: float = 0.0
    demand_scale: float = 1.0
    wholesale_discount: float = 0.15
    lead_days_new: float = 60.0
    lead_days_used: float = 10.0
    confidence_reprice: float = 0.0
    confidence_transfer: float = 0.0
    confidence_wholesale: float = 0.0


@dataclass(frozen=True, slots=True)
class Advice:
    """One piece of advice; ``closed_at`` is when a status other than issued was reported.

    ``computed_with`` are the parameters of its policy version: its hazards and gross already contain them, but for
    the hazard scale where it is not ``hazard_scaled``: such hazards were learned of the sales themselves.
    ``back_gross`` is expected of a retail sale (``baseline_back_gross`` of one where the vehicle stood, if it is sent
    elsewhere), ``baseline_net`` of what the value is told over, for the vehicle alone and less its cost; ``effects``
    is what of the value other vehicles gain. ``held_out`` advice was written to the log and never shown;
    ``hold_out_share`` is the share of advice like it that was, 0 where it could not have been.
    """

    recommendation_id: str
    action: Action
    segment: str
    issued_at: datetime
    expires_at: datetime
    value: float
    status: Status = Status.ISSUED
    closed_at: datetime | None = None
    vehicle_key: str | None = None
    quantity: int | None = None
    price: float | None = None
    current_price: float | None = None
    destination: str | None = None
    expected_gross: float | None = None
    expected_daily_hazard: float | None = None
    baseline_daily_hazard: float | None = None
    hazard_scaled: bool = True
    holding_cost_per_day: float | None = None
    upfront_cost: float = 0.0
    back_gross: float | None = None
    baseline_back_gross: float | None = None
    effects: float = 0.0
    lane_fee: float = 0.0
    baseline_net: float | None = None
    policy_version: int = 0
    computed_with: Parameters = field(default_factory=Parameters)
    held_out: bool = False
    hold_out_share: float = 0.0
    market_price: float | None = None
    confidence: float | None = None
    call_confidence: float | None = None
    """The chance that its window calls it right where it is not followed, before any correction."""

    def __post_init__(self) -> None:
        """Refuse advice whose days cannot be counted."""
        for name, moment in (("issued_at", self.issued_at), ("expires_at", self.expires_at)):
            if moment.tzinfo is None:
                message = f"advice {self.recommendation_id}: {name} has no time zone; pass the rooftop's"
                raise ValueError(message)
        if (self.status is not Status.ISSUED) != (self.closed_at is not None):
            message = (
                f"advice {self.recommendation_id}: status {self.status} with closed_at {self.closed_at}; "
                "closed_at is to be given exactly where the advice was closed"
            )
            raise ValueError(message)

    def brought(self, gross: float, *, retailed: bool, moved: bool = False) -> float:
        """Give what a sale brings: its front gross with the back gross expected, or what the lane pays less its fee.

        ``moved`` where it was sold at the store that the advice sent it to.
        """
        if not retailed:
            return gross - self.lane_fee
        at_home = self.back_gross if self.baseline_back_gross is None else self.baseline_back_gross
        return gross + ((self.back_gross if moved else at_home) or 0.0)

    @property
    def issued_on(self) -> date:
        """Give the calendar day of issue at the rooftop."""
        return self.issued_at.date()


@dataclass(frozen=True, slots=True)
class Answer:
    """The dealer's latest answer."""

    decision: Decision
    answered_at: datetime
    price: float | None = None
    quantity: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PriceMove:
    """The list price a vehicle was moved to, and the day."""

    on: date
    price: float


@dataclass(frozen=True, slots=True)
class Ending:
    """How a vehicle left: sold, wholesaled or departed, the day, and the gross made where it is known."""

    kind: Kind
    on: date
    gross: float | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """A move of a vehicle to another rooftop of the group."""

    on: date
    destination: str | None = None


@dataclass(frozen=True, slots=True)
class Stocking:
    """A vehicle taken into stock in the advised segment, and its end where it has one: a sale or the lane.

    ``ordered_on`` is the day on which it was first known to be on order, if it ever was.
    """

    vehicle_key: str
    on: date
    gone_on: date | None = None
    gross: float | None = None
    retailed: bool = True
    ordered_on: date | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """What is known today; for a vehicle its moves and its end, for a segment its stockings.

    ``ending`` is the end that stands; ``unwound`` a sale that was undone. ``stockings`` are to be those no
    earlier advice has claimed (``Outcome.vehicle_keys``), or one vehicle would prove two pieces of advice
    right.
    """

    ending: Ending | None = None
    unwound: Ending | None = None
    price_moves: tuple[PriceMove, ...] = ()
    transfer: Transfer | None = None
    stockings: tuple[Stocking, ...] = ()
