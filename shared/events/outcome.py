"""outcome-recorded: what came of a piece of advice."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from shared.events.base import Event, Money
from shared.events.recommendation import Action, Decision


class OutcomeKind(StrEnum):
    """How it ended."""

    SOLD = "sold"
    WHOLESALED = "wholesaled"
    TRANSFERRED = "transferred"
    DEPARTED = "departed"
    STOCKED = "stocked"
    UNSOLD = "unsold"
    REVERSED = "reversed"
    """The sale it was recorded for was unwound."""


class OutcomeRecorded(Event):
    """Advice, answer and what happened joined; money in the dealer's currency.

    Without a hold-out the comparison is observational, and says so. A later version of an outcome has a later
    ``occurred_at`` than the one before it.
    """

    outcome_id: UUID
    recommendation_id: UUID
    action: Action
    decision: Decision | None = None
    segment: str
    vehicle_key: str | None = None
    kind: OutcomeKind
    days: int
    """Days from the advice to what happened."""
    currency: str
    expected_value: Money
    realised_value: Money | None = None
    """Realised net minus the net expected of what the value was told over, with what it changed for other vehicles as
    expected; absent where it cannot be told yet, and where the advice was not followed, or its
    purchase not agreed to."""
    expected_gross: Money | None = None
    realised_gross: Money | None = None
    hazard_exposure: float = 0.0
    """Expected number of sales over the days at risk, by the hazard that the advice assumed."""
    policy_version: int
    observational: bool = True
    held_out: bool = False
    """The advice was written to the log and never shown: what came of it is what comes without advice."""
    hold_out_share: float = 0.0
    """Share of advice like this that was held out at random when it was given; 0 where it could not have been."""
    observed_value: Money | None = None
    """What its subject (a vehicle, or a segment at a rooftop) brought in the ``observed_days`` from the first advice
    on it, whatever was done; on the outcome of that first advice only."""
    observed_days: int | None = None
    confidence: float | None = None
    """As the advice told it."""
    call_confidence: float | None = Field(default=None, ge=0, le=1)
    """As the advice had it: what ``bore_out`` is to be held against."""
    bore_out: bool | None = None
    """Whether it proved right within a fixed window; on the first advice of its action on a vehicle only."""
