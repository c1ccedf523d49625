"""Events are read once for all services of a process, and what is kept for that stays small."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from shared.events import Listing, MarketDataReceived
from shared.messaging.decoding import decode, decode_shared


def body(listings: int) -> bytes:
    seen = date(2026, 4, 15)
    event = MarketDataReceived(
        event_id=uuid4(),
        occurred_at=datetime(2026, 4, 15, tzinfo=UTC),
        tenant_id=UUID(int=1),
        dealer_id=UUID(int=2),
        import_id=UUID(int=3),
        chunk=0,
        region="US-MI",
        currency="USD",
        as_of=seen,
        listings=tuple(
            Listing(listing_id=f"L{n}", make="Ford", model="F-150", first_seen=seen, last_seen=seen, active=True)
            for n in range(listings)
        ),
    )
    return event.model_dump_json().encode()


@pytest.mark.parametrize(("padding", "kept"), [(0, True), (4 * 1024, True), (32 * 1024, False)])
def test_an_event_is_read_once_unless_it_is_large(padding: int, kept: bool) -> None:
    text = body(3) + b" " * padding
    first, again = decode_shared(MarketDataReceived, text), decode_shared(MarketDataReceived, bytes(text))
    assert first == again == decode(MarketDataReceived, text)
    assert (first is again) is kept


def test_what_is_no_event_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(ValidationError):
            decode_shared(MarketDataReceived, b"no json")
