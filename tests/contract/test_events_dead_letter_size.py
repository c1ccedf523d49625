"""A dead letter always fits into what the relay may send, whatever a stranger sent; what was cut is told."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import assume, example, given
from hypothesis import strategies as st

from shared.events import TOPICS
from shared.messaging.broker import MAX_REQUEST_BYTES
from shared.messaging.dead_letter import park
from shared.messaging.envelope import first_parked
from shared.messaging.letter_size import HEADERS_BYTES, KEY_BYTES
from shared.messaging.publisher import _headers

KAFKA_LIMIT = 1_048_588
"""Bytes of a record batch that a broker takes unless it is told otherwise (message.max.bytes)."""
LARGE = 700_000

PIECES = st.sampled_from([b"\xff", b"x", b"\x00", "é".encode(), "車".encode(), b"\xf0\x9f\x9a", b"\\", b'"'])
LENGTHS = st.one_of(st.integers(0, 20), st.integers(0, LARGE))
BYTES = st.one_of(st.binary(max_size=30), st.builds(lambda piece, n: (piece * n)[:LARGE], PIECES, LENGTHS))
NAMES = st.one_of(
    st.text(max_size=10),
    st.sampled_from(["x-key-cut", "x-topic", "x-headers-cut", "ce_id"]),
    st.builds(lambda piece, n: piece * n, st.sampled_from(["n", "\x00", "車"]), st.integers(0, LARGE // 3)),
)
HEADERS = st.lists(st.tuples(NAMES, st.none() | BYTES), max_size=6)


def encoded(key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]) -> int:
    """Give the size of a record batch of one record, as it is sent."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 0)
    builder.append(0, 1_772_433_611_482, key, value, headers)
    return len(builder.build())


class Outbox:
    """A connection whose only table is the outbox, kept in memory."""

    async def fetchval(self, _: str, *__: object) -> bool:
        return True

    async def fetch(self, _: str, *columns: list[Any]) -> list[dict[str, Any]]:
        [values] = zip(*columns, strict=True)
        self.row = dict(zip(("id", "topic", "key", "payload", "headers"), values, strict=True))
        return [self.row]


async def parked(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]], error: Exception | None = None
) -> dict[str, Any]:
    outbox = Outbox()
    record: ConsumerRecord[bytes, bytes] = ConsumerRecord(
        "market-updated", 3, 42, 1_772_433_611_482, 0, key, value, None, 0, 0, headers
    )
    await park(
        outbox, topic=TOPICS["market-updated"], group="forecast", record=record, event_id=None,
        error=error or ValueError("車" * 2000), attempts=1,
    )  # fmt: skip
    return outbox.row


@given(key=st.none() | BYTES, value=st.none() | BYTES, headers=HEADERS)
@example(key=None, value=b"", headers=[("h", b"\xff" * 600_000)])
@example(key=b"\xff" * 1_000_000, value=None, headers=[])
@example(key=b"", value=b"\x00" * 1_048_400, headers=[("", b"")])
@example(key=None, value=None, headers=[(f"{n}", b"\xff") for n in range(60_000)])
async def test_whatever_kafka_takes_gives_a_letter_that_kafka_takes(key, value, headers) -> None:
    assume(encoded(key, value, headers) <= KAFKA_LIMIT)
    row = await parked(key, value, headers)
    size = encoded(row["key"].encode(), row["payload"], _headers(row["headers"]))
    assert size < MAX_REQUEST_BYTES
    assert size <= len(value or b"") + HEADERS_BYTES + 4 * KEY_BYTES // 3 + 16 * 1024, "with room to spare"
    assert row["payload"] == (value or b"")
    told = json.loads(row["headers"])
    assert (told["x-topic"], told["x-offset"]) == ("market-updated", "42"), "a stranger does not speak for us"
    whole = {name.replace("\x00", "\\x00") for name, each in headers if each is not None and name[:2] != "x-"}
    assert whole <= set(told) or "x-headers-cut" in told
    assert ("x-key-cut" in told) is (len(key or b"") > KEY_BYTES)


async def test_the_largest_headers_are_left_out_and_named() -> None:
    row = await parked(b"dealer", b"{}", [("huge", b"\xff" * 600_000), ("ce_id", b"1"), ("none", None)])
    told = json.loads(row["headers"])
    assert told["x-headers-cut"] == "1 left out, of 2400014 bytes: huge"
    assert told["ce_id"] == "1"
    assert "huge" not in told


async def test_of_a_key_too_long_the_letter_has_the_beginning_and_the_digest() -> None:
    key = b"k" * (KEY_BYTES + 1)
    row = await parked(key, b"{}", [])
    told = json.loads(row["headers"])
    assert row["key"] == ""
    assert base64.b64decode(told["x-key-base64"]) == key[:KEY_BYTES]
    assert hashlib.sha256(key).hexdigest() in told["x-key-cut"]
    whole = json.loads((await parked(key[:-1], b"{}", []))["headers"])
    assert "x-key-cut" not in whole


async def test_an_error_that_is_no_text_does_not_stop_the_letter() -> None:
    row = await parked(b"", b"{}", [("x-key-cut", b"forged")], ValueError("half a pair: \ud83d"))
    assert dict(_headers(row["headers"]))["x-error"] == rb"half a pair: \ud83d"
    assert "x-key-cut" not in json.loads(row["headers"])


@pytest.mark.parametrize("said", [b"", b"soon", b"\xff", b"9" * 30, b"99999999999999"], ids=repr)
def test_no_time_that_is_not_past_is_believed(said) -> None:
    told = first_parked([("ce_id", b"1"), ("x-first-parked", said)])
    assert told is None or told <= datetime.now(UTC)


def test_when_it_was_parked_first_is_read_to_the_millisecond() -> None:
    assert first_parked([("x-first-parked", b"1772433611482")]) == datetime(2026, 3, 2, 6, 40, 11, 482000, UTC)
    assert first_parked([]) is None
