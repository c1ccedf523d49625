"""Records that the Kafka client cannot read: they are handed out as they are, and their neighbours as ever."""

from __future__ import annotations

import struct
from dataclasses import astuple
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging import lenient_records
from shared.messaging.lenient_records import UNREADABLE, _KeptRecords, _LenientRecords

CLIENTS = _LenientRecords.__bases__[0]
STAMP = 1_772_000_000_000
GZIP, LZ4, ZSTD = 1, 3, 4


def batch(first: int, *records: tuple[bytes | None, bytes | None, list[Any]], codec: int = 0) -> bytes:
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 1_000_000)
    for n, (key, value, headers) in enumerate(records):
        builder.append(n, STAMP + n, key, value, headers)
    return struct.pack(">q", first) + bytes(builder.build())[8:]


def sealed(made: bytes) -> bytes:
    """Give a batch whose bytes were changed the checksum that they have now."""
    return made[:17] + struct.pack(">I", calc_crc32c(made[21:])) + made[21:]


def said(*values: bytes) -> list[tuple[bytes, bytes, list[Any]]]:
    return [(b"dealer", value, []) for value in values]


def read(fetched: bytes, start: int = 0, reader: type[Any] = _LenientRecords) -> Any:
    plain = {"key_deserializer": None, "value_deserializer": None, "aborted_transactions": None, "isolation_level": 0}
    partition = TopicPartition("market", 3)
    return reader(partition, _KeptRecords(fetched), fetch_offset=start, check_crcs=True, **plain)


@pytest.fixture(autouse=True)
def nothing_damaged_yet() -> None:
    lenient_records._damaged.clear()


def named_badly(first: int) -> bytes:
    made = batch(first, (b"k", b"1", []), (b"k", b"2", [("no-text", b"x"), ("ce_id", b"y")]), (b"k", b"3", []))
    return sealed(made.replace(b"no-text", b"no-te\xff\xfe"))


def test_a_header_name_that_is_no_text_is_read_as_escapes_and_its_neighbours_as_ever() -> None:
    records = read(batch(0, *said(b"0")) + named_badly(1) + batch(4, *said(b"4")))
    got = list(records)
    assert [(one.offset, one.value) for one in got] == [(0, b"0"), (1, b"1"), (2, b"2"), (3, b"3"), (4, b"4")]
    assert got[2].headers == ((r"no-te\xff\xfe", b"x"), ("ce_id", b"y"))
    assert (got[2].key, got[2].timestamp, got[2].topic, got[2].partition) == (b"k", STAMP + 1, "market", 3)
    assert records.next_fetch_offset == 5


def test_reading_begins_where_it_is_asked_to() -> None:
    assert [record.offset for record in read(named_badly(1), start=3)] == [3]


@pytest.mark.parametrize("codec", [GZIP, LZ4, ZSTD])
def test_every_compression_is_read(codec: int) -> None:
    got = list(read(batch(7, *said(b"a", b"b"), codec=codec)))
    assert [(record.offset, record.value) for record in got] == [(7, b"a"), (8, b"b")]
    assert not any(record.headers for record in got)


def test_a_record_whose_fields_reach_past_its_end_stands_alone_as_its_bytes() -> None:
    made = batch(5, *said(b"first", b"second", b"third"))
    size = made.index(b"second") - 1
    got = list(read(sealed(made[:size] + bytes([made[size] + 40]) + made[size + 1 :])))
    assert [record.offset for record in got] == [5, 6, 7]
    assert (got[0].value, got[2].value) == (b"first", b"third")
    assert b"second" in got[1].value
    assert [name for name, _ in got[1].headers] == [UNREADABLE]


def test_a_batch_that_cannot_be_unpacked_stands_as_one_record_and_is_passed() -> None:
    packed = batch(5, *said(b"a", b"b"), codec=GZIP)
    broken = sealed(packed[:61] + b"\x00" * (len(packed) - 61))
    records = read(broken + batch(7, *said(b"c")))
    whole, after = list(records)
    assert (whole.offset, whole.value, after.offset, after.value) == (5, broken, 7, b"c")
    assert b"from offset 5" in dict(whole.headers)[UNREADABLE]
    assert records.next_fetch_offset == 8


def test_a_checksum_that_fails_is_fetched_again_before_it_is_believed() -> None:
    damaged = bytearray(batch(1, *said(b"1", b"2")))
    damaged[-2] ^= 1
    fetched = batch(0, *said(b"0")) + bytes(damaged) + batch(3, *said(b"3"))
    for _ in range(2):
        records = read(fetched)
        assert [record.offset for record in records] == [0]
        assert records.next_fetch_offset == 1
    whole, after = list(read(fetched, start=1))
    assert (whole.offset, whole.value, after.offset) == (1, bytes(damaged), 3)


def test_a_damaged_batch_does_not_say_how_far_to_pass() -> None:
    damaged = bytearray(batch(1, *said(b"1")))
    damaged[24] = 0x70  # how far its last offset is from its first
    for _ in range(2):
        assert list(read(bytes(damaged), start=1)) == []
    records = read(bytes(damaged), start=1)
    assert [record.offset for record in records] == [1]
    assert records.next_fetch_offset == 2
    assert list(read(bytes(damaged), start=2)) == [], "nobody can tell where to go on"


@pytest.mark.parametrize("length", [-12, 0, 48])
def test_a_length_that_no_batch_has_ends_the_reading(length: int) -> None:
    records = read(batch(0, *said(b"0")) + struct.pack(">qi", 1, length) + b"\x00" * 80)
    assert [record.offset for record in records] == [0]
    assert records.next_fetch_offset == 1


HEADERS = st.lists(st.tuples(st.text(max_size=8), st.none() | st.binary(max_size=9)), max_size=3)
RECORDS = st.lists(
    st.tuples(st.none() | st.binary(max_size=20), st.none() | st.binary(max_size=200), HEADERS),
    min_size=1,
    max_size=6,
)


@given(st.lists(RECORDS, min_size=1, max_size=4), st.sampled_from([0, GZIP, LZ4, ZSTD]))
def test_what_is_sound_is_read_as_the_client_reads_it(many: list[Any], codec: int) -> None:
    fetched, first = b"", 0
    for records in many:
        fetched += batch(first, *records, codec=codec)
        first += len(records)
    ours = read(fetched)
    ours._lenient, ours._records_iterator = True, ours._read_on(ValueError("asked to"))
    assert [astuple(record) for record in ours] == [astuple(record) for record in read(fetched, reader=CLIENTS)]
    assert ours.next_fetch_offset == first


@given(st.data())
def test_whatever_is_fetched_is_read_without_an_error_and_no_neighbour_is_passed_by(data: st.DataObject) -> None:
    middle = bytearray(batch(1, *said(b"one", b"two")))
    for _ in range(data.draw(st.integers(1, 5))):
        middle[data.draw(st.integers(17, len(middle) - 1))] = data.draw(st.integers(0, 255))
    sealing = data.draw(st.booleans())
    fetched = batch(0, *said(b"0")) + (sealed(bytes(middle)) if sealing else bytes(middle)) + batch(3, *said(b"3"))
    got, start = [], 0
    for _ in range(4):
        records = read(fetched, start)
        got += list(records)
        start = records.next_fetch_offset
    assert got[0].value == b"0"
    if not sealing:  # who seals what is wrong may tell of any offset
        assert got[-1].value == b"3"
