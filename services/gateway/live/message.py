"""What goes over the wire: a message, written once for Server-Sent Events and once for a WebSocket."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from typing import Any
from uuid import UUID

from sse_starlette import ServerSentEvent

from services.gateway.store.live import Told
from services.gateway.store.policies import TENANT_DEFAULT

RETRY_MILLISECONDS = 2_000
Scope = frozenset[UUID] | None
"""The rooftops of which somebody hears; None is all of the tenant."""


@dataclass(frozen=True)
class Message:
    """One event, or a word about the stream itself; ``data`` is JSON text, ``seq`` its place to resume from."""

    event: str
    data: str
    seq: int | None = None
    dealer_id: UUID | None = None

    @classmethod
    def of(cls, told: Told) -> "Message":
        """Make the message of something told; ``items`` are JSON already and go out as they are."""
        at = told.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        head = f'"dealer_id":{_dealer(told.dealer_id)},"at":"{at}"'
        return cls(told.kind, f'{{{head},"items":{told.items}}}', told.seq, told.dealer_id)

    @classmethod
    def note(cls, event: str, data: Mapping[str, Any], seq: int | None = None) -> "Message":
        """Make a word about the stream itself."""
        return cls(event, json.dumps(data, separators=(",", ":")), seq)

    def visible(self, scope: Scope) -> bool:
        """Tell whether somebody of this scope may hear it; what concerns the whole tenant is for everybody."""
        return scope is None or self.dealer_id in scope or self.dealer_id == TENANT_DEFAULT

    @cached_property
    def sse(self) -> bytes:
        """The message as a Server-Sent Event; shared by every client it goes to."""
        place = None if self.seq is None else str(self.seq)
        if self.event == "heartbeat":
            # No data: browsers take the id over and wake nobody.
            return ServerSentEvent(comment="heartbeat", id=place).encode()
        retry = RETRY_MILLISECONDS if self.event in {"ready", "reset"} else None
        return ServerSentEvent(data=self.data, event=self.event, id=place, retry=retry).encode()

    @cached_property
    def text(self) -> str:
        """The message as the text of a WebSocket frame."""
        place = "null" if self.seq is None else f'"{self.seq}"'
        return f'{{"id":{place},"event":"{self.event}","data":{self.data}}}'


def _dealer(dealer_id: UUID) -> str:
    return "null" if dealer_id == TENANT_DEFAULT else f'"{dealer_id}"'
