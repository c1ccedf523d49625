"""The relay through an outage of the broker: nothing lost, order kept, nothing left behind."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from structlog.testing import capture_logs

from shared.messaging import ensure_topics
from shared.messaging.ending import end
from shared.messaging.publisher import SEND_TIMEOUT, Publisher


def producers_at_work() -> int:
    """Count the send loops of producers, open or forgotten."""
    return sum("Sender._sender_routine" in repr(task.get_coro()) for task in asyncio.all_tasks())


async def test_rows_wait_for_a_dead_broker_and_are_all_published_in_order_when_it_is_back(
    probe, own_kafka, monkeypatch
) -> None:
    monkeypatch.setattr("shared.messaging.relay.RETRY_SECONDS", 0.1)
    probe.kafka.bootstrap_servers = own_kafka.bootstrap_servers
    await ensure_topics(probe.kafka)
    events = [probe.event(n) for n in range(300)]

    async def emit(part) -> None:
        async with probe.work.begin(probe.tenant) as tx:
            for event in part:
                tx.emit(event)

    async def given_up_twice() -> bool:
        return [line["event"] for line in logged].count("relay interrupted") >= 2

    relay = asyncio.create_task(probe.relay().run())
    try:
        await emit(events[:100])
        await probe.published()
        monkeypatch.setattr("shared.messaging.publisher.SEND_TIMEOUT", 2.0)
        os.kill(own_kafka.pid, signal.SIGKILL)
        await probe.eventually(lambda: asyncio.sleep(0, not own_kafka.running))
        with capture_logs() as logged:
            await emit(events[100:200])
            await probe.eventually(given_up_twice)
        await emit(events[200:])
        assert await probe.value("SELECT count(*) FROM outbox_waiting") == 200
        oldest = probe.telemetry.registry.get_sample_value("doso_outbox_oldest_seconds", {"service": probe.service})
        assert oldest > 0, "the age of the oldest row must show during the outage, when it matters"
        assert not relay.done()
        monkeypatch.setattr("shared.messaging.publisher.SEND_TIMEOUT", SEND_TIMEOUT)
        await asyncio.to_thread(own_kafka.start)
        await probe.published()
        # Producers given up during the outage must not send on.
        await probe.eventually(lambda: asyncio.sleep(0, producers_at_work() == 1))
    finally:
        await end(relay)
    seen = [probe.topic.model.model_validate_json(record.value).n for record in await probe.records()]
    assert list(dict.fromkeys(seen)) == list(range(300))  # A copy may follow, but never an older one first.
    await probe.eventually(lambda: asyncio.sleep(0, producers_at_work() == 0))


@pytest.mark.parametrize("waits", [False, True], ids=["died", "waits for ever"])
async def test_a_producer_whose_client_is_dead_is_replaced(probe, own_kafka, monkeypatch, waits) -> None:
    monkeypatch.setattr("shared.messaging.relay.RETRY_SECONDS", 0.1)
    probe.kafka.bootstrap_servers = own_kafka.bootstrap_servers
    await ensure_topics(probe.kafka)
    made: list[Publisher] = []

    def make(*given) -> Publisher:
        made.append(Publisher(*given))
        return made[-1]

    async def fail() -> None:
        message = "the handler is closed"
        raise RuntimeError(message)

    monkeypatch.setattr("shared.messaging.relay.Publisher", make)
    relay = asyncio.create_task(probe.relay().run())
    try:
        async with probe.work.begin(probe.tenant) as tx:
            tx.emit(probe.event(0))
        await probe.published()
        client = made[0]._producer.client
        await end(client._sync_task)
        client._sync_task = asyncio.create_task(asyncio.Event().wait() if waits else fail())
        monkeypatch.setattr("shared.messaging.publisher.SEND_TIMEOUT", 2.0)
        os.kill(own_kafka.pid, signal.SIGKILL)
        await probe.eventually(lambda: asyncio.sleep(0, not own_kafka.running))
        async with probe.work.begin(probe.tenant) as tx:
            tx.emit(probe.event(1))
        await probe.eventually(lambda: asyncio.sleep(0, len(made) > 1))
        monkeypatch.setattr("shared.messaging.publisher.SEND_TIMEOUT", SEND_TIMEOUT)
        await asyncio.to_thread(own_kafka.start)
        await probe.published()
        assert not relay.done()
    finally:
        await end(relay)
    seen = [probe.topic.model.model_validate_json(record.value).n for record in await probe.records()]
    assert list(dict.fromkeys(seen)) == [0, 1]
    await probe.eventually(lambda: asyncio.sleep(0, producers_at_work() == 0))
