"""What every event has in common."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Money = Annotated[Decimal, Field(max_digits=14, decimal_places=2)]
"""An amount in the dealer's currency; a decimal string in JSON, so that no reader rounds it."""

_NAMESPACE = uuid.UUID("6b0f9a52-1c55-5d0c-9a43-5c6f0d6b7a01")
_48_BITS = (1 << 48) - 1
_HASH_BITS = (1 << 76) - 1
"""Of a UUID, all that stands behind its time and its version; the variant is the hash's."""


class Event(BaseModel):
    """A fact that happened, immutable; readers ignore fields they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    event_id: UUID
    occurred_at: AwareDatetime
    schema_version: Literal[1] = 1
    tenant_id: UUID
    dealer_id: UUID

    @classmethod
    def of_valid(cls, **values: Any) -> Self:
        """Build an event from values of the right types, unchecked; fields not given take their defaults.

        For the path that every event takes: ``model_construct`` does the same at seven times the cost, and
        validating again at more. Raises ``TypeError`` for a missing or unknown field.
        """
        defaults, names = _fields(cls)
        values = defaults | values
        if values.keys() != names:
            raise TypeError(f"{cls.__name__}: missing or unknown fields {sorted(values.keys() ^ names)}")
        event = cls.__new__(cls)
        object.__setattr__(event, "__dict__", values)
        # One set for all: nobody adds to it, events being immutable, and a copy gets a set of its own.
        object.__setattr__(event, "__pydantic_fields_set__", names)
        object.__setattr__(event, "__pydantic_extra__", None)
        object.__setattr__(event, "__pydantic_private__", None)
        return event


@cache
def _fields(model: type[BaseModel]) -> tuple[dict[str, Any], set[str]]:
    """Give the defaults of a model, and the names of all its fields."""
    fields = model.model_fields
    defaults = {name: field.get_default() for name, field in fields.items() if not field.is_required()}
    return defaults, set(fields)


def deterministic_id(*parts: object) -> UUID:
    """Name an event by what caused it, so that doing the same work twice yields the same id."""
    return uuid.uuid5(_NAMESPACE, "|".join(map(str, parts)))


def ordered_id(at: datetime, *parts: object) -> UUID:
    """Name an event by what caused it, as ``deterministic_id`` does, and by a time that goes with the cause.

    A UUIDv8 of RFC 9562: milliseconds since 1970 in 48 bits, then the hash. So the ids of events that follow one
    another stand together in the index of every outbox and inbox; strewn over it, each would have the database
    read, and after a checkpoint write, a page of its own in every one of them.
    """
    milliseconds = int(at.timestamp() * 1000) & _48_BITS
    return UUID(int=milliseconds << 80 | 8 << 76 | deterministic_id(*parts).int & _HASH_BITS)


def new_event_id() -> UUID:
    """Name an event that has no natural identity."""
    return uuid.uuid4()


def utc_now() -> datetime:
    """Tell the time, aware, in UTC."""
    return datetime.now(UTC)
