"""The one producer of a relay: rows of the outbox in, their places in Kafka out."""

import asyncio
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from shared.messaging.broker import MAX_REQUEST_BYTES
from shared.messaging.closing import close_client, within
from shared.messaging.kafka_settings import KafkaSettings

KAFKA_AWAY = (OSError, TimeoutError, KafkaError)
BATCH_BYTES = 512 * 1024
"""The client's 16 KiB would hold some fifteen events, and a consumer is often handed one such batch at a time."""
SEND_TIMEOUT = 30.0
STOP_TIMEOUT = 3.0

Place = tuple[int, int]
"""(partition, offset)."""


class Publisher:
    """Sends rows in record batches, one or more a partition: a third of the cost of sending each on its own."""

    def __init__(self, service: str, kafka: KafkaSettings) -> None:
        self._producer = AIOKafkaProducer(
            **kafka.client_options(),
            client_id=f"doso-{service}-relay",
            enable_idempotence=True,
            acks="all",
            max_batch_size=BATCH_BYTES,
            max_request_size=MAX_REQUEST_BYTES,
            metadata_max_age_ms=kafka.metadata_max_age_ms,
        )
        self._log = structlog.stdlib.get_logger("doso.relay", service=service)

    async def start(self) -> None:
        """Connect; raises one of ``KAFKA_AWAY`` when the broker is away."""
        async with asyncio.timeout(SEND_TIMEOUT):
            await self._producer.start()

    async def send(self, rows: Sequence[Any]) -> list[Place]:
        """Send rows and wait until all are acknowledged; the order of the rows is the order within a partition.

        Raises one of ``KAFKA_AWAY``; any of the rows may then have been published.
        """
        places: list[Place] = [(0, 0)] * len(rows)
        sent: list[tuple[list[int], asyncio.Future[RecordMetadata]]] = []
        # With idempotence the client retries for ever; without a deadline a dead broker would hang us here.
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                for (topic, partition), numbers in (await self._by_partition(rows)).items():
                    for batch, inside in self._batches(rows, numbers):
                        future = await self._producer.send_batch(batch, topic, partition=partition)
                        sent.append((inside, future))
                await asyncio.gather(*(future for _, future in sent))
        finally:
            for _, future in sent:
                future.cancel()  # nobody will ask for those that are still open
        for inside, future in sent:
            first = future.result()
            for step, number in enumerate(inside):
                places[number] = (first.partition, first.offset + step)
        return places

    async def _by_partition(self, rows: Sequence[Any]) -> dict[tuple[str, int], list[int]]:
        counts = {topic: len(await self._producer.partitions_for(topic)) for topic in {row["topic"] for row in rows}}
        numbers: dict[tuple[str, int], list[int]] = {}
        for number, row in enumerate(rows):
            topic = row["topic"]
            numbers.setdefault((topic, _hash(row["key"]) % counts[topic]), []).append(number)
        return numbers

    def _batches(self, rows: Sequence[Any], numbers: list[int]) -> list[tuple[BatchBuilder, list[int]]]:
        batches: list[tuple[BatchBuilder, list[int]]] = []
        for number in numbers:
            row = rows[number]
            record = {
                "timestamp": None,
                "key": row["key"].encode(),
                "value": row["payload"],
                "headers": _headers(row["headers"]),
            }
            if not batches or batches[-1][0].append(**record) is None:
                # An empty batch takes any record; whether it is too large is the broker's to say.
                batches.append((self._producer.create_batch(), []))
                batches[-1][0].append(**record)
            batches[-1][1].append(number)
        for batch, _ in batches:
            batch.close()  # complete, so the client need not wait for more
        return batches

    async def stop(self) -> None:
        """Disconnect within seconds, whatever the broker does; nothing is lost, the rows are still unpublished."""
        if not await within(STOP_TIMEOUT, self._producer.stop(), "producer"):
            # It can only be stopped by a flush that never ends while the broker is away. Left alone, it would
            # go on knocking, and send its old rows between the new ones when the broker is back.
            await within(STOP_TIMEOUT, self._producer._sender.close(), "sender")  # noqa: SLF001
            self._producer._message_accumulator.fail_all(KafkaError("cut off"))  # noqa: SLF001
            await within(STOP_TIMEOUT, close_client(self._producer.client), "client")


@lru_cache(maxsize=65_536)
def _hash(key: str) -> int:
    """Hash a key as every Kafka client does; in pure Python, and the same few dealers come again and again."""
    hashed: int = murmur2(key.encode())
    return hashed & 0x7FFFFFFF


def _headers(stored: str) -> list[tuple[str, bytes]]:
    # What is no text (half a surrogate pair, which JSON can hold) must not stop what is behind it.
    return [(name, value.encode("utf-8", "backslashreplace")) for name, value in json.loads(stored).items()]
