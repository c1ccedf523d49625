"""Poison: a record that can never work is parked once, as it was, and its neighbours go on in order."""

from __future__ import annotations

import base64
import json
import struct

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c

from shared.events import new_event_id

POISONS = {
    "bad JSON": {"value": b"{not json"},
    "not even text": {"value": b"\xff\xfe\x00\x80"},
    "wrong schema": {"value": b'{"n": "many"}'},
    "nothing at all": {"value": None},
    "header that is no text": {"value": b"{}", "headers": [("dealer", b"\xff\xfe")]},
    "header that is null": {"value": b"{}", "headers": [("dealer", None)]},
    "header name with a zero byte": {"value": b"{}", "headers": [("de\x00aler", b"x")]},
    "header that is large and no text": {"value": b"{}", "headers": [("dealer", b"\xff" * 600_000)]},
    "key that is large": {"value": b"{}", "key": b"\xff" * 600_000},
    "field name with a zero byte": {"value": b'{"parameters": {"a\\u0000b": "x"}}'},
    "key that is no text": {"value": b"{}", "key": b"\xff\xfe"},
    "key with a zero byte": {"value": b"{}", "key": b"de\x00aler"},
    "larger than our own events may be": {"value": b'{"text": "' + b"x" * 1_048_400 + b'"}'},
}


@pytest.mark.parametrize("kind", POISONS)
async def test_an_unreadable_record_is_parked_once_and_its_neighbours_are_handled(probe, kind) -> None:
    poison = {"key": b"dealer", "headers": [("ce_id", b"stranger")], **POISONS[kind]}
    await probe.send(probe.event(1), poison, probe.event(2))
    async with probe.running():
        await probe.caught_up(3)
        [letter] = await probe.dead_letters()
    assert await probe.effects() == [1, 2]
    assert letter.value == (poison["value"] or b"")
    headers = {name: value.decode() for name, value in letter.headers}
    kept = base64.b64decode(headers["x-key-base64"]) if "x-key-base64" in headers else letter.key
    assert kept == poison["key"][: len(kept)]
    assert ("x-key-cut" in headers) is (len(kept) < len(poison["key"]))
    assert headers["x-topic"] == probe.topic.name
    assert (headers["x-partition"], headers["x-offset"]) == ("0", "1")
    assert headers["x-group"] == probe.service
    assert headers["x-error-class"] == "ValidationError"
    assert headers["x-error"]
    assert int(headers["x-attempts"]) == 1
    assert int(headers["x-first-seen"]) > 0


async def test_a_dead_letter_keeps_the_headers_it_came_with(probe) -> None:
    strange = [("traceparent", b"00-1-2-01"), ("dealer", "Škoda".encode()), ("raw", b"a\xffb"), ("none", None)]
    await probe.send({"value": b"{}", "key": b"dealer", "headers": strange})
    async with probe.running():
        await probe.caught_up(1)
        [letter] = await probe.dead_letters()
    headers = {name: value.decode() for name, value in letter.headers if not name.startswith("x-")}
    assert headers == {"traceparent": "00-1-2-01", "dealer": "Škoda", "raw": r"a\xffb"}


async def test_unreadable_headers_and_keys_do_not_spoil_a_good_event(probe) -> None:
    records = [
        {**probe.as_record(probe.event(1)), "headers": [("dealer", b"\xff"), ("none", None)]},
        {**probe.as_record(probe.event(2)), "key": b"\xff\xfe"},
        {**probe.as_record(probe.event(3)), "key": None, "headers": []},
    ]
    await probe.send(*records)
    async with probe.running():
        await probe.caught_up(3)
    assert await probe.effects() == [1, 2, 3]
    assert await probe.value("SELECT count(*) FROM dead_letter") == 0


async def test_the_one_event_of_fifty_that_cannot_be_handled_is_parked_alone(probe) -> None:
    events = [probe.event(n) for n in range(50)]

    async def refuse_17(batch, tx) -> None:
        await probe.note(batch, tx)
        if any(event.n == 17 for event in batch):
            message = "17 is impossible"
            raise LookupError(message)

    await probe.send(*events)
    async with probe.running(refuse_17):
        await probe.caught_up(50)
        [letter] = await probe.dead_letters()
    assert await probe.effects() == [n for n in range(50) if n != 17]
    assert (probe.counted("handled"), probe.counted("dead_lettered")) == (49, 1)
    assert letter.value == events[17].model_dump_json().encode()
    assert letter.key == str(probe.dealer).encode()
    headers = dict(letter.headers)
    assert headers["ce_id"] == str(events[17].event_id).encode()
    assert (headers["x-error-class"], headers["x-error"]) == (b"LookupError", b"17 is impossible")
    parked = await probe.owner.fetchrow("SELECT * FROM dead_letter")
    assert (parked["event_id"], parked["topic"], parked["position"]) == (
        events[17].event_id,
        probe.topic.name,
        "0/17",
    )
    assert await probe.value("SELECT count(*) FROM inbox WHERE event_id = $1", events[17].event_id) == 0


async def test_text_that_the_database_refuses_is_parked(probe) -> None:
    async def store_text(batch, tx) -> None:
        await probe.note(batch, tx)
        await tx.connection.fetch("SELECT $1::text[]", [event.text for event in batch])

    await probe.send(probe.event(1), probe.event(2, text="a\x00b"), probe.event(3))
    async with probe.running(store_text):
        await probe.caught_up(3)
        [letter] = await probe.dead_letters()
    assert await probe.effects() == [1, 3]
    assert dict(letter.headers)["x-error-class"] == b"CharacterNotInRepertoireError"


async def test_a_record_parked_before_its_batch_was_handed_back_is_not_parked_again(probe, monkeypatch) -> None:
    monkeypatch.setattr("shared.messaging.consumer.BACKOFF_SECONDS", 0.01)
    failures = 0

    async def fail_five_times(batch, tx) -> None:
        nonlocal failures
        await probe.note(batch, tx)
        if failures < 5:
            failures += 1
            assert await probe.value("SELECT count(*) FROM dead_letter") == 1
            message = "the database is away"
            raise ConnectionError(message)

    await probe.send({"value": b"{}"}, probe.event(1))
    async with probe.running(fail_five_times):
        await probe.caught_up(2)
        assert len(await probe.dead_letters()) == 1
    assert failures == 5
    assert await probe.effects() == [1]


async def test_a_replay_parks_nothing_twice(probe) -> None:
    async def refuse_2(batch, tx) -> None:
        await probe.note(batch, tx)
        if any(event.n == 2 for event in batch):
            message = "2 is impossible"
            raise LookupError(message)

    await probe.send(probe.event(1), {"value": b"{}"}, probe.event(2), probe.event(3))
    async with probe.running(refuse_2):
        await probe.caught_up(4)
    await probe.rewind()
    async with probe.running(refuse_2):
        await probe.caught_up(4)
        assert len(await probe.dead_letters()) == 2
    assert await probe.effects() == [1, 3]


async def test_the_reason_names_fields_and_never_their_values(probe) -> None:
    secrets = {
        "vin": "1HGCM82633A123456SECRET",
        "price": "SECRET price",
        "text": {"nested": "SECRET text"},
        "n": "SECRET n",
        "parameters": {"margin": "SECRET margin"},
        "occurred_at": "SECRET time",
    }
    good = json.loads(probe.event(1).model_dump_json())
    for field, secret in secrets.items():
        await probe.send({"value": json.dumps({**good, "event_id": str(new_event_id()), field: secret}).encode()})
    async with probe.running():
        await probe.caught_up(len(secrets))
        letters = await probe.dead_letters()
    reasons = [dict(letter.headers)["x-error"].decode() for letter in letters]
    assert [reason.split(":")[0].split(".")[0] for reason in reasons] == list(secrets)
    assert not [reason for reason in reasons if "SECRET" in reason]
    assert await probe.value("SELECT count(*) FROM dead_letter WHERE error LIKE '%SECRET%'") == 0


async def test_a_header_name_that_is_no_text_stops_neither_its_partition_nor_others(probe) -> None:
    good = probe.as_record(probe.event(2))
    async with AIOKafkaProducer(bootstrap_servers=probe.kafka.bootstrap_servers) as producer:
        strange = producer.create_batch()
        strange.append(timestamp=None, **{**good, "headers": [*good["headers"], ("no-text", b"x")]})
        made = bytes(strange._build()).replace(b"no-text", b"no-te\xff\xfe")
        strange._buffer = made[:17] + struct.pack(">I", calc_crc32c(made[21:])) + made[21:]
        await probe.send(probe.event(1))
        await (await producer.send_batch(strange, probe.topic.name, partition=0))
        await probe.send(probe.event(3))
    async with probe.running():
        await probe.caught_up(3)
    assert await probe.effects() == [1, 2, 3]
    assert await probe.dead_letters() == []
