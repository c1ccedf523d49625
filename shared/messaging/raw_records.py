"""The bytes of a fetch, read by their format: batches, their records, and a record's fields.

As the Kafka client reads them (record batches of version 2: kafka.apache.org/documentation/#messageformat), for
where it gives up.
"""

import struct
from collections.abc import Iterator

from aiokafka.record.default_records import _DefaultRecordBatchPy as RecordBatch
from aiokafka.record.default_records import _DefaultRecordPy as Record
from aiokafka.record.util import decode_varint

_LENGTH = struct.Struct(">qi")
"""A batch begins with its first offset and how many bytes follow."""


class _Cursor:
    """Reads a record's fields one after another; raises ``ValueError`` where they reach past its end."""

    def __init__(self, data: bytes | bytearray) -> None:
        self._data = data
        self._at = 0

    def number(self) -> int:
        value, self._at = decode_varint(self._data, self._at)
        return int(value)

    def bytes_(self) -> bytes | None:
        size = self.number()
        return None if size < 0 else self.take(size)

    def take(self, size: int) -> bytes:
        start, self._at = self._at, self._at + size
        if size < 0 or self._at > len(self._data):
            message = f"{size} bytes at {start} of {len(self._data)}"
            raise ValueError(message)
        return bytes(self._data[start : self._at])


def batches(fetched: bytes) -> Iterator[bytes]:
    """Divide what was fetched into whole batches; of the last one a part may have come only.

    Behind a length that no batch has nothing can be told apart.
    """
    at = 0
    while at + _LENGTH.size <= len(fetched):
        end = at + _LENGTH.size + _LENGTH.unpack_from(fetched, at)[1]
        if end > len(fetched) or end - at < RecordBatch.HEADER_STRUCT.size:
            return
        yield bytes(fetched[at:end])
        at = end


def damaged_end(batch: RecordBatch, following: bytes | None) -> int:
    """Give the offset after a batch that does not tell it reliably: passing by too much would lose what follows."""
    if following is not None:
        return int(_LENGTH.unpack_from(following)[0])
    told = batch._num_records == batch.last_offset_delta + 1 > 0  # noqa: SLF001  # told twice, the same
    return int(batch.next_offset if told else batch.base_offset + 1)


def bodies(batch: RecordBatch) -> Iterator[tuple[int, bytes]]:
    """Give each record of a batch as its offset and its bytes."""
    batch._maybe_uncompress()  # noqa: SLF001
    cursor = _Cursor(batch._buffer[batch._pos :])  # noqa: SLF001
    for _ in range(batch._num_records):  # noqa: SLF001
        body = cursor.take(cursor.number())
        fields = _Cursor(body)
        fields.take(1)  # attributes, of which none are in use
        fields.number()  # when, since the first
        yield batch.base_offset + fields.number(), body


def record_in(batch: RecordBatch, body: bytes) -> Record:
    """Read a record as the client does, but for header names that are no UTF-8: those become escapes."""
    fields = _Cursor(body)
    fields.take(1)
    stamp = batch.first_timestamp + fields.number()
    timestamp = batch.max_timestamp if batch.timestamp_type == batch.LOG_APPEND_TIME else stamp
    offset = batch.base_offset + fields.number()
    key, value = fields.bytes_(), fields.bytes_()
    headers = []
    for _ in range(fields.number()):
        name = (fields.bytes_() or b"").decode("utf-8", "backslashreplace")
        headers.append((name, fields.bytes_()))
    return Record(offset, timestamp, batch.timestamp_type, key, value, headers)


__all__ = ["Record", "RecordBatch", "batches", "bodies", "damaged_end", "record_in"]
