"""recommendation-issued and recommendation-answered: advice out, the dealer's answer back."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.events.base import Event, Money


class Action(StrEnum):
    """What a dealer can do."""

    ORDER = "order"
    ACQUIRE = "acquire"
    TRANSFER = "transfer"
    REPRICE = "reprice"
    HOLD = "hold"
    WHOLESALE = "wholesale"


class AdviceStatus(StrEnum):
    """Whether a piece of advice still stands."""

    ISSUED = "issued"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Decision(StrEnum):
    """What a dealer answered."""

    ACCEPTED = "accepted"
    MODIFIED = "modified"
    DECLINED = "declined"


class Evidence(BaseModel):
    """One figure behind a piece of advice: what, how much, from where, as of when, by which formula."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    name: str
    value: str
    source: str
    as_of: date
    formula: str | None = None


class Alternative(BaseModel):
    """An action that was weighed; its value is expected net over what the advice's own is told over."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    action: Action
    value: Money
    value_per_day: Money
    detail: str


class SimilarCase(BaseModel):
    """An earlier piece of advice like this one, and how it ended where that is known."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    recommendation_id: UUID
    similarity: float
    summary: str
    outcome: str | None = None


class PastAnswer(BaseModel):
    """What the dealer answered to the same call when it was last made."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    recommendation_id: UUID
    decision: Decision
    reason: str | None = None
    answered_at: AwareDatetime


class RecommendationIssued(Event):
    """A piece of advice, or the end of one: ``status`` other than issued closes ``recommendation_id``."""

    recommendation_id: UUID
    action: Action
    status: AdviceStatus
    supersedes: UUID | None = None
    answered_before: PastAnswer | None = None
    """To the same call (action, rooftop and subject), within half a year; an answered call is not made again for a
    fortnight, unless it has come to be worth twice as much."""
    closed_because: str | None = None
    segment: str
    label: str
    vehicle_key: str | None = None
    vin: str | None = None
    stock_number: str | None = None
    quantity: int | None = None
    price: Money | None = None
    current_price: Money | None = None
    destination_dealer_id: UUID | None = None
    currency: str
    value: Money
    """Expected net of the whole advice: of a transfer over the best that could be done where the unit stands, of all
    else over doing nothing."""
    value_per_day: Money
    confidence: float = Field(ge=0, le=1)
    """Chance that it turns out better, for this one car or purchase, than what its value is told over."""
    call_confidence: float | None = Field(default=None, ge=0, le=1)
    """Chance that 60 days without following it call it right, by the same figures and uncorrected: what comes of such
    calls is held against it, and ``confidence`` corrected by that."""
    reason: str
    expires_at: AwareDatetime
    policy_version: int
    evidence: tuple[Evidence, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    similar: tuple[SimilarCase, ...] = ()
    degraded: tuple[str, ...] = ()
    expected_daily_hazard: float | None = None
    """Chance a day that the unit sells if the advice is followed."""
    baseline_daily_hazard: float | None = None
    """Chance a day that the unit sells if nothing is done."""
    hazard_scaled: bool = True
    """Whether the store's learned hazard scale is in those chances; not where they come of its shoppers."""
    most_to_pay: Money | None = None
    """Of a purchase of used cars: what one may cost, reconditioning included, before it is not worth buying."""
    expected_gross: Money | None = None
    """Front gross expected at the sale if the advice is followed; in the lane before its fee."""
    back_gross: Money | None = None
    """Back gross expected of a retail sale if the advice is followed; values count it."""
    baseline_back_gross: Money | None = None
    """The same of a retail sale where the unit stands, of a transfer."""
    effects: Money | None = None
    """What of ``value`` is expected to be gained by other units, or lost (below 0)."""
    lane_fee: Money | None = None
    """What the lane keeps of what it pays."""
    baseline_net: Money | None = None
    """Of advice on a unit: the net, less its cost, that was expected of what ``value`` is told over: front and back
    gross less holding, without what it changes for other units. Absent where the cost is unknown."""
    holding_cost_per_day: Money | None = None
    upfront_cost: Money | None = None
    """Paid at once if the advice is followed: a transfer's transport."""
    market_price: Money | None = None
    """What the market asks for the unit, as the advice took it."""
    held_out: bool = False
    """Logged and not shown, by the dealer's hold-out share: what happens without it is the comparison.

    Drawn once for a vehicle, for good, and once for a segment at a rooftop in each half of a calendar year."""
    hold_out_share: float = Field(default=0.0, ge=0, le=1)
    """Share of advice like this that is held out at random; 0 where this could not have been."""


class RecommendationAnswered(Event):
    """What the dealer decided about a piece of advice."""

    recommendation_id: UUID
    decision: Decision
    reason: str | None = Field(default=None, max_length=500)
    quantity: int | None = Field(default=None, ge=0, le=10_000)
    price: Decimal | None = Field(default=None, ge=0, max_digits=14, decimal_places=2)
    user_id: UUID
