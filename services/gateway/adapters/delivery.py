"""What adapters are given beside a document, and what they make of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from services.gateway.store.accounts import Dealer

_OURS = re.compile(r"\bdata\.(\w+)")
_ATTRIBUTE = re.compile(r"(id|time|subject|dealerid|source|type): ")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is known of a delivery beside its documents; ``place`` counts these from 0."""

    delivery_id: str
    at: datetime
    source_id: str
    dealers: Mapping[UUID, Dealer]
    scope: frozenset[UUID] | None = None
    dealer_codes: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    place: int = 0


@dataclass(frozen=True, slots=True)
class Mapped:
    """One event in our terms, or why it is none; ``origin`` tells where in the sender's document a field stood."""

    event: Any
    origin: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[str, ...] = ()

    def told(self, error: str) -> str:
        """Say an error in the sender's terms: with the path of its own document for our field's name."""
        attribute = _ATTRIBUTE.match(error)
        if attribute and attribute[1] in self.origin:
            error = f"{self.origin[attribute[1]]}: {error[attribute.end() :]}"
        return _OURS.sub(lambda match: self.origin.get(match[1], match[0]), error)
