"""Kafka as an operator sees it: how far readers are behind, whole topics, offsets, partitions."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.structs import TopicPartition as Place
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, OffsetSpec

from shared.events import TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Record = ConsumerRecord[bytes, bytes]
ANSWER_SECONDS = 10.0
LEAVING_SECONDS = 60.0


def lag(servers: str, groups: Iterable[str]) -> int:
    """Count the records that the groups have not committed, over all their topics; blocks, raises KafkaException."""
    admin = _admin(servers)
    read = _partitions(admin, TOPICS)
    wanted = {place: OffsetSpec.latest() for place in read}
    ends = {
        (place.topic, place.partition): future.result().offset
        for place, future in admin.list_offsets(wanted, request_timeout=ANSWER_SECONDS).items()
    }
    behind = 0
    for group in groups:
        asked = admin.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group)], request_timeout=ANSWER_SECONDS
        )
        committed = {(one.topic, one.partition): one.offset for one in asked[group].result().topic_partitions}
        for (topic, partition), end in ends.items():
            if group in TOPICS[topic].consumers:
                behind += end - max(0, committed.get((topic, partition), 0))
    return behind


async def records(servers: str, topic: str) -> list[Record]:
    """Read everything that a topic holds; records of one partition stay in order."""
    places = [Place(one.topic, one.partition) for one in _partitions(_admin(servers), [topic])]
    async with AIOKafkaConsumer(bootstrap_servers=servers) as consumer:
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        found: list[Record] = []
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            polled = await asyncio.wait_for(consumer.getmany(timeout_ms=1000), 30)
            found += [record for batch in polled.values() for record in batch]
        return found


async def produce(servers: str, topic: str, sent: Sequence[dict[str, Any]]) -> None:
    """Send records as a stranger may, in order and acknowledged."""
    async with AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True) as producer:
        futures = [await producer.send(topic, **one) for one in sent]
        await asyncio.wait_for(asyncio.gather(*futures), 60)


def again(record: Record) -> dict[str, Any]:
    """Give what sends a record once more, to where it was."""
    return {
        "value": record.value, "key": record.key, "partition": record.partition, "headers": list(record.headers),
    }  # fmt: skip


def rewind(servers: str, group: str) -> None:
    """Set a group back to the beginning of its topics, once its last member is gone; blocks."""
    admin = _admin(servers)
    topics = [topic.name for topic in TOPICS.values() if group in topic.consumers]
    start = [TopicPartition(one.topic, one.partition, 0) for one in _partitions(admin, topics)]
    deadline = time.monotonic() + LEAVING_SECONDS
    while refusal := _refusal(admin, ConsumerGroupTopicPartitions(group, start)):
        assert time.monotonic() < deadline, f"the offsets of {group} cannot be set: {refusal}"
        time.sleep(1)


def add_partitions(servers: str, topic: str, more: int) -> int:
    """Give a topic more partitions; returns how many it has then; blocks."""
    admin = _admin(servers)
    total = len(_partitions(admin, [topic])) + more
    admin.create_partitions([NewPartitions(topic, total)])[topic].result()
    return total


def ends(servers: str, topic: str) -> dict[int, int]:
    """Give where each partition of a topic ends; blocks."""
    admin = _admin(servers)
    wanted = {place: OffsetSpec.latest() for place in _partitions(admin, [topic])}
    asked = admin.list_offsets(wanted, request_timeout=ANSWER_SECONDS)
    return {place.partition: future.result().offset for place, future in asked.items()}


def _refusal(admin: AdminClient, wanted: ConsumerGroupTopicPartitions) -> KafkaError | KafkaException | None:
    """Set a group's offsets; gives what speaks against it, as a member does that was stopped but is not missed yet."""
    asked = admin.alter_consumer_group_offsets([wanted])
    try:
        return next((one.error for one in asked[wanted.group_id].result().topic_partitions if one.error), None)
    except KafkaException as error:
        return error


def _admin(servers: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": servers, "log_level": 0})


def _partitions(admin: AdminClient, topics: Iterable[str]) -> list[TopicPartition]:
    known = admin.list_topics(timeout=ANSWER_SECONDS).topics
    return [TopicPartition(topic, number) for topic in topics for number in sorted(known[topic].partitions)]
