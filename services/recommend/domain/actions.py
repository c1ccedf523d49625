"""What a dealer can be advised to do."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """The actions, by the names they travel under."""

    ORDER = "order"
    ACQUIRE = "acquire"
    TRANSFER = "transfer"
    REPRICE = "reprice"
    HOLD = "hold"
    WHOLESALE = "wholesale"


PURCHASES = frozenset({Action.ORDER, Action.ACQUIRE})
"""What brings in cars that the group does not have."""
