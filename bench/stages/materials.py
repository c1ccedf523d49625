"""Reports as the gateway would have accepted them, and the rows and records they become."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from aiokafka import ConsumerRecord

from bench.load import dms_load, ndjson
from services.gateway.api.principal import Principal
from services.gateway.ingest import accept, parse
from services.gateway.store.accounts import Dealer
from shared.events.topics import DMS_EVENT_RECEIVED
from shared.messaging.envelope import headers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.events import DmsEventReceived

ROOFTOPS = 20


def reports(count: int, run: str) -> list[DmsEventReceived]:
    """Make reports of one dealer group of twenty rooftops; runs of different names share nothing."""
    tenant = uuid4()
    dealers = [uuid4() for _ in range(ROOFTOPS)]
    known = {each: Dealer(tenant, each, "Rooftop", "USD", "US-MI", "UTC") for each in dealers}
    sender, now = Principal(tenant, "key", "dms", None), datetime.now(UTC)
    events = dms_load([str(each) for each in dealers], count, run=run, end=now).events
    [body] = ndjson(events, count)
    return [accept(parse(line), sender, known, now + timedelta(seconds=1)) for line in body.split(b"\n")]


def payload(event: DmsEventReceived) -> bytes:
    """Give the bytes that travel."""
    return event.model_dump_json(exclude_none=True).encode()


def records(events: Sequence[DmsEventReceived]) -> list[ConsumerRecord[bytes, bytes]]:
    """Give events as a consumer is handed them."""
    made = []
    for offset, event in enumerate(events):
        headers = headers_of(event, DMS_EVENT_RECEIVED, {}, "gateway")
        body = payload(event)
        made.append(
            ConsumerRecord(
                DMS_EVENT_RECEIVED.name, 0, offset, 0, 0, str(event.dealer_id).encode(), body, None, 0, len(body),
                tuple((name, text.encode()) for name, text in headers.items()),
            )
        )  # fmt: skip
    return made


def outbox_columns(
    events: Sequence[DmsEventReceived], topic: str
) -> tuple[list[UUID], list[str], list[str], list[bytes], list[dict[str, str]]]:
    """Give events as columns of an outbox: id, topic, key, payload, headers."""
    return (
        [uuid4() for _ in events],
        [topic] * len(events),
        [str(event.dealer_id) for event in events],
        [payload(event) for event in events],
        [headers_of(event, DMS_EVENT_RECEIVED, {}, "gateway") for event in events],
    )
