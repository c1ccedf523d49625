"""Which partitions have a leader, asked as a stranger: what a consumer's own client knows may be what ails it."""

import asyncio
from collections.abc import Iterable

import structlog
from aiokafka.admin import AIOKafkaAdminClient

from shared.messaging.closing import CUT_SECONDS, close_client, within
from shared.messaging.kafka_settings import KafkaSettings
from shared.messaging.publisher import KAFKA_AWAY

ANSWER_SECONDS = 10.0
_log = structlog.stdlib.get_logger("doso.consumer")


async def led_partitions(kafka: KafkaSettings, group: str, topics: Iterable[str]) -> frozenset[str]:
    """Give the partitions of some topics that have a leader, as ``topic-0``.

    None where the broker does not answer, or knows no coordinator of the group.
    """
    admin = AIOKafkaAdminClient(**kafka.client_options(), client_id=f"doso-{group}-watch")
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await admin.start()
            await admin.find_coordinator(group)
            described = await admin.describe_topics(list(topics))
    except KAFKA_AWAY as error:
        _log.warning("the broker is away", group=group, error=repr(error))
        return frozenset()
    finally:
        await within(CUT_SECONDS, close_client(admin._client), "client")  # noqa: SLF001
    return frozenset(
        f"{topic['topic']}-{partition['partition']}"
        for topic in described
        for partition in topic["partitions"]
        if partition["leader"] >= 0
    )
