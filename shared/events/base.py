"""What every event has in common."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Money = Annotated[Decimal, Field(max_digits=14, decimal_places=2)]
"""An amount in the dealer's currency; a decimal string in JSON, so that no reader rounds it."""

_NAMESPACE = uuid.UUID("6b0f9a52-1c55-5d0c-9a43-5c6f0d6b7a01")


class Event(BaseModel):
    """A fact that happened, immutable; readers ignore fields they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    event_id: UUID
    occurred_at: AwareDatetime
    schema_version: Literal[1] = 1
    tenant_id: UUID
    dealer_id: UUID


def deterministic_id(*parts: object) -> UUID:
    """Name an event by what caused it, so that doing the same work twice yields the same id."""
    return uuid.uuid5(_NAMESPACE, "|".join(str(part) for part in parts))


def new_event_id() -> UUID:
    """Name an event that has no natural identity."""
    return uuid.uuid4()


def utc_now() -> datetime:
    """Tell the time, aware, in UTC."""
    return datetime.now(UTC)
