"""A row that the broker refuses for good is set aside, and whatever is behind it is published in order."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import MessageSizeTooLargeError

from shared.messaging.ending import end
from shared.messaging.letters import dead_letters
from shared.messaging.replay import replay
from shared.messaging.retention import Retention, RetentionSettings

pytestmark = pytest.mark.apache
SMALL = 3000
LARGE = 5000


@pytest.fixture(autouse=True)
def quick(broker_kind: str, monkeypatch) -> None:
    if broker_kind != "apache":
        pytest.skip("the in-memory broker takes messages of any size")
    monkeypatch.setattr("shared.messaging.relay.RETRY_SECONDS", 0.05)


async def allow(probe, size: int) -> None:
    """Set the topic's ``max.message.bytes``, and wait until it is so: it keeps what was tried meanwhile."""
    admin = AIOKafkaAdminClient(bootstrap_servers=probe.kafka.bootstrap_servers)
    await admin.start()
    resource = ConfigResource(ConfigResourceType.TOPIC, probe.topic.name, {"max.message.bytes": str(size)})
    await admin.alter_configs([resource])
    await admin.close()

    async def taken(tried: int) -> bool:
        async with AIOKafkaProducer(bootstrap_servers=probe.kafka.bootstrap_servers) as producer:
            try:
                await asyncio.wait_for(producer.send_and_wait(probe.topic.name, b"x" * tried, partition=0), 30)
            except MessageSizeTooLargeError:
                return False
            return True

    async def so() -> bool:
        return await taken(LARGE) is (size > LARGE)

    await probe.eventually(so)


async def emit(probe, *events) -> None:
    async with probe.work.begin(probe.tenant) as tx:
        for event in events:
            tx.emit(event)


async def published(probe) -> list[int]:
    """Give the ``n`` of each event in the topic, each once."""
    records = [record.value for record in await probe.records() if record.value[:1] == b"{"]
    return list(dict.fromkeys(probe.topic.model.model_validate_json(value).n for value in records))


async def test_what_the_broker_refuses_is_set_aside_and_the_rest_goes_on_in_order(probe) -> None:
    await allow(probe, SMALL)
    events = [probe.event(n, text="x" * LARGE if n in {3, 7} else "") for n in range(10)]
    await emit(probe, *events)
    relay = asyncio.create_task(probe.relay().run())
    await probe.published()
    await emit(probe, probe.event(10), probe.event(11))
    await probe.published()
    assert await published(probe) == [0, 1, 2, 4, 5, 6, 8, 9, 10, 11]
    letters = await dead_letters(probe.owner, service=probe.service)
    assert {letter.event_id for letter in letters} == {events[3].event_id, events[7].event_id}
    assert {letter.error_class for letter in letters} == {"MessageSizeTooLargeError"}
    assert all(letter.position.startswith("outbox/") for letter in letters)
    labels = {"service": probe.service, "topic": probe.topic.name, "reason": "MessageSizeTooLargeError"}
    assert probe.telemetry.registry.get_sample_value("doso_dead_letters_total", labels) == 2

    # Sent again while nothing was mended, it comes back, as the letter it was.
    await replay(probe.owner, letters, "pat")
    await probe.published()
    again = await dead_letters(probe.owner, service=probe.service)
    assert {letter.letter_id for letter in again} == {letter.letter_id for letter in letters}
    assert {letter.parked_at for letter in again} == {letter.parked_at for letter in letters}

    await allow(probe, 1_000_000)
    await replay(probe.owner, again, "pat")
    await probe.published()
    await end(relay)
    assert (await published(probe))[-2:] == [3, 7]
    assert await dead_letters(probe.owner, service=probe.service) == []


async def test_what_is_refused_only_together_goes_alone(probe) -> None:
    await allow(probe, SMALL)
    await emit(probe, *(probe.event(n, text="x" * (SMALL // 2)) for n in range(20)))
    relay = asyncio.create_task(probe.relay().run())
    await probe.published()
    await end(relay)
    assert await published(probe) == list(range(20))
    assert await probe.value("SELECT count(*) FROM dead_letter") == 0


async def test_what_was_set_aside_is_kept_as_long_as_its_letter(probe) -> None:
    await allow(probe, SMALL)
    await emit(probe, probe.event(1, text="x" * LARGE))
    relay = asyncio.create_task(probe.relay().run())
    await probe.published()
    await end(relay)
    retention = Retention(probe.service, probe.work.pool, RetentionSettings(), metrics=probe.telemetry.metrics)
    await probe.owner.execute("UPDATE outbox SET created_at = now() - interval '13 days'")
    await probe.owner.execute("UPDATE dead_letter SET parked_at = now() - interval '13 days'")
    assert await retention.once() == {"outbox": 0, "inbox": 0, "dead_letter": 0}
    await probe.owner.execute("UPDATE dead_letter SET parked_at = now() - interval '15 days'")
    assert (await retention.once())["dead_letter"] == 1
    assert (await retention.once())["outbox"] == 1
