"""Events as they leave: topic, key, headers, bytes and size; and the shape of a dead letter."""

import json
from typing import Any
from uuid import UUID

import pytest
from aiokafka import ConsumerRecord
from annotated_types import MaxLen
from jsonschema import Draft202012Validator

from doso.contracts.messages import dead_letter, event_message, examples
from services.gateway.importing.importer import LISTINGS_PER_EVENT
from shared.events import (
    TOPICS,
    Event,
    Listing,
    MarketDataReceived,
    RecommendationIssued,
    Topic,
    VehicleFields,
    topic_of,
)
from shared.events.topics import MARKET_DATA_RECEIVED, RECOMMENDATION_ISSUED
from shared.messaging import Transaction
from shared.messaging.dead_letter import park
from shared.messaging.unit_of_work import MAX_PAYLOAD_BYTES

TRACE = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
HEADERS = tuple((name, text.encode()) for name, text in {**TRACE, "ce_type": "of no interest"}.items())
CAUSE = UUID(int=1)
EXAMPLES = [
    pytest.param(topic, example, id=f"{topic.name}/{name}")
    for topic in TOPICS.values()
    for name, example in examples(topic).items()
]


class Outbox:
    """A connection whose only table is the outbox, kept in memory."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    async def fetchval(self, _: str, *__: object) -> bool:
        return True

    async def fetch(self, sql: str, *columns: list[Any]) -> list[dict[str, Any]]:
        assert "INSERT INTO outbox" in sql
        names = ("id", "topic", "key", "payload", "headers")
        new = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        for row in new:
            row["headers"] = json.loads(row["headers"])
        self.rows += new
        return new


async def emitted(event: Event) -> dict[str, Any]:
    outbox = Outbox()
    transaction = Transaction(outbox, topic_of(event).producer, lambda: {CAUSE: HEADERS})  # type: ignore[arg-type]  # it needs no more of one
    transaction.emit(event, caused_by=CAUSE)
    assert await transaction.flush() == 1
    [row] = outbox.rows
    return row


@pytest.mark.parametrize(("topic", "example"), EXAMPLES)
async def test_an_event_leaves_keyed_by_dealer_with_its_attributes_as_headers(
    topic: Topic[Any], example: dict[str, Any]
) -> None:
    row = await emitted(topic.model.model_validate(example))
    assert row["topic"] == topic.name
    assert row["key"] == example["dealer_id"]
    assert str(row["id"]) == row["headers"]["ce_id"] == example["event_id"]
    assert row["headers"]["traceparent"] == TRACE["traceparent"]
    assert json.loads(row["payload"]) == example


@pytest.mark.parametrize(("topic", "example"), EXAMPLES)
async def test_headers_are_the_documented_ones(topic: Topic[Any], example: dict[str, Any]) -> None:
    row = await emitted(topic.model.model_validate(example))
    documented = event_message(topic)["headers"]
    Draft202012Validator(documented).validate(row["headers"])
    assert set(row["headers"]) <= set(documented["properties"])


def longest(name: str) -> str:
    """Give a text as long as a vehicle's field of that name may be."""
    [limit] = [each.max_length for each in VehicleFields.model_fields[name].metadata if isinstance(each, MaxLen)]
    return "W" * limit


def full_chunk() -> MarketDataReceived:
    """Give a chunk with as many listings as fit, every field filled, texts as long as a vehicle's may be."""
    [example] = examples(MARKET_DATA_RECEIVED).values()
    listing = Listing.model_validate(
        {
            **example["listings"][0], "listing_id": "L" * 120, "seller": "S" * 120, "odometer_km": 2_000_000,
            "price": "999999999999.99", "condition": "certified", "active": False,
            "make": longest("make"), "model": longest("model"), "trim": longest("trim"), "body": longest("body"),
        }
    )  # fmt: skip
    return MarketDataReceived.model_validate({**example, "listings": [listing] * LISTINGS_PER_EVENT})


async def test_a_full_chunk_of_listings_with_long_texts_fits_into_a_message() -> None:
    row = await emitted(full_chunk())
    assert len(json.loads(row["payload"])["listings"]) == 100
    assert len(row["payload"]) < MAX_PAYLOAD_BYTES == 256 * 1024


def test_a_chunk_holds_no_more_listings_than_are_promised() -> None:
    chunk = full_chunk()
    with pytest.raises(ValueError, match="at most 100"):
        MarketDataReceived.model_validate({**chunk.model_dump(), "listings": [*chunk.listings, chunk.listings[0]]})


async def test_what_is_too_large_is_refused_before_it_reaches_the_broker() -> None:
    [example] = examples(RECOMMENDATION_ISSUED).values()
    event = RecommendationIssued.model_validate({**example, "reason": "x" * MAX_PAYLOAD_BYTES})
    with pytest.raises(ValueError, match=rf"recommendation-issued {event.event_id} is \d+ bytes.*in chunks"):
        await emitted(event)


@pytest.mark.parametrize("key", [b"2f6c4a2e-6f0e-4c5e-9d4b-0f4d9d1c2b3a", b"\xff\xfe"], ids=["text", "bytes"])
async def test_a_dead_letter_has_the_documented_headers(key: bytes) -> None:
    outbox = Outbox()
    record: ConsumerRecord[bytes, bytes] = ConsumerRecord(
        "market-updated", 3, 42, 1_772_433_611_482, 0, key, b"\xffnot json", None, len(key), 9, [("ce_id", b"1")]
    )
    topic = TOPICS["market-updated"]
    error = ValueError("this is no event")
    await park(
        outbox,  # type: ignore[arg-type]  # it needs no more of a connection
        topic=topic, group="forecast", record=record, event_id=None, error=error, attempts=1,
    )  # fmt: skip
    [row] = outbox.rows
    documented = dead_letter()["headers"]
    Draft202012Validator(documented).validate(row["headers"])
    added = set(row["headers"]) - {"ce_id"}
    assert set(documented["required"]) <= added <= set(documented["properties"])
    assert ("x-key-base64" in added) is (row["key"] == "")
    assert row["topic"] == "market-updated.dlq.forecast"
    assert row["payload"] == b"\xffnot json"
    assert row["headers"]["x-error"] == "this is no event"
