"""outcome-recorded: what came of a piece of advice."""

from enum import StrEnum
from uuid import UUID

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

    Without a hold-out the comparison is observational, and says so.
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
    """Realised net minus the net expected of doing nothing; absent where it cannot be told yet."""
    expected_gross: Money | None = None
    realised_gross: Money | None = None
    hazard_exposure: float = 0.0
    """Expected number of sales over the days at risk, by the hazard that the advice assumed."""
    policy_version: int
    observational: bool = True
    held_out: bool = False
    """The advice was written to the log and never shown: what came of it is what comes without advice."""
