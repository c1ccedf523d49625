"""Reading on where the Kafka client cannot: what is unreadable is handed out as it is, and parked like any poison.

A record that the client fails to read, such as one with a header name that is no UTF-8, stops its partition for good.
Worse, the client has by then taken records of other partitions off its buffer and moved their positions: they are
never handed out, and the next commit passes them by. There is no hook for it, so two names of its fetcher are
replaced, which :func:`read_leniently` does; what the client can read costs what it cost before.
"""

import time
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import structlog
from aiokafka import ConsumerRecord
from aiokafka.consumer import fetcher
from aiokafka.record.memory_records import MemoryRecords

from shared.messaging.raw_records import RecordBatch, batches, bodies, damaged_end, record_in

_DAMAGED_TRIES = 3
"""A checksum may fail for what happened on the way: fetched as often as this, the batch is damaged where it is."""
_PAUSE_SECONDS = 0.2
"""Where the bytes at hand do not tell where to go on, as at a damaged end of a log."""
UNREADABLE = "x-unreadable"
"""The header that says why a record, or a whole batch, is handed out as the bytes that it is."""

_log = structlog.stdlib.get_logger("doso.records")
_damaged: Counter[tuple[str, int, int]] = Counter()


class _KeptRecords:
    """The client's reader of fetched bytes, with the bytes."""

    def __init__(self, fetched: bytes) -> None:
        self.fetched = fetched
        self._reader = MemoryRecords(fetched)
        self.has_next = self._reader.has_next
        self.next_batch = self._reader.next_batch
        self.size_in_bytes = self._reader.size_in_bytes


class _LenientRecords(fetcher.PartitionRecords):  # type: ignore[misc]  # the client has no types
    """A partition's fetched records; never raises for what is in them."""

    next_fetch_offset: int
    _records_iterator: Iterator["ConsumerRecord[Any, Any]"]
    _lenient = False

    def __next__(self) -> "ConsumerRecord[Any, Any]":
        try:
            return next(self._records_iterator)
        except StopIteration:
            raise
        except Exception as error:
            if self._lenient:
                raise
            place = {"topic": self._tp.topic, "partition": self._tp.partition, "offset": self.next_fetch_offset}
            _log.exception("the client cannot read a record", **place)
            self._lenient, self._records_iterator = True, self._read_on(error)
            return next(self)

    def _read_on(self, error: Exception) -> Iterator["ConsumerRecord[Any, Any]"]:
        began = self.next_fetch_offset
        yield from self._rest(error)
        if self.next_fetch_offset == began:
            time.sleep(_PAUSE_SECONDS)  # the client fetches again at once, and gets the same

    def _rest(self, error: Exception) -> Iterator["ConsumerRecord[Any, Any]"]:
        for raw, following in zip_longest(fetched := list(batches(self._records.fetched)), fetched[1:]):
            batch = RecordBatch(raw)
            sound = batch.validate_crc()
            end = batch.next_offset if sound else damaged_end(batch, following)
            if end <= self.next_fetch_offset:
                continue
            if not sound and self._may_have_been_the_way(batch.base_offset):
                return  # and is fetched once more
            if not batch.is_control_batch:
                for record in self._records_of(batch, raw, None if sound else error):
                    if record.offset >= self.next_fetch_offset:
                        self.next_fetch_offset = record.offset + 1
                        yield record
            self.next_fetch_offset = end

    def _may_have_been_the_way(self, offset: int) -> bool:
        place = (self._tp.topic, self._tp.partition, offset)
        _damaged[place] += 1
        return _damaged[place] < _DAMAGED_TRIES or not _damaged.pop(place)

    def _records_of(
        self, batch: RecordBatch, raw: bytes, damage: Exception | None
    ) -> Iterator["ConsumerRecord[Any, Any]"]:
        inside: list[tuple[int, bytes]] = []
        if damage is None:
            try:
                inside = list(bodies(batch))
            except Exception as broken:  # noqa: BLE001  # told in the record that stands for the batch
                damage = broken
        if damage is not None:
            offset = max(batch.base_offset, self.next_fetch_offset)
            yield self._standing_for(raw, offset, batch, f"the batch from offset {batch.base_offset} on: {damage}")
        for offset, body in inside:
            try:
                yield self._consumer_record(self._tp, record_in(batch, body))
            except Exception as broken:  # noqa: BLE001  # told in the record itself
                yield self._standing_for(body, offset, batch, str(broken))

    def _standing_for(self, value: bytes, offset: int, batch: RecordBatch, reason: str) -> "ConsumerRecord[Any, Any]":
        headers = ((UNREADABLE, reason[:1000].encode()),)
        return ConsumerRecord(
            self._tp.topic,
            self._tp.partition,
            offset,
            batch.max_timestamp,
            0,
            None,
            value,
            None,
            -1,
            len(value),
            headers,
        )


def read_leniently() -> None:
    """Have every consumer of this process read on where its client cannot."""
    fetcher.PartitionRecords, fetcher.MemoryRecords = _LenientRecords, _KeptRecords
