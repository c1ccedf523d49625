"""A consumer whose client died under it: the service goes on by itself, tells of it, and ends when it is to end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka.errors import KafkaConnectionError

from shared.messaging import ensure_topics
from shared.messaging.leaders import led_partitions
from shared.messaging.watch import Patience

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer
    from aiokafka.client import AIOKafkaClient
    from faststream.asgi import AsgiFastStream

NEVER = 3600.0
GRACE_SECONDS = 45.0
"""What a pod is granted to end."""


@pytest.fixture
def patience(monkeypatch):
    """Set for how long the watch of a service has patience."""
    return lambda **seconds: monkeypatch.setattr("shared.messaging.watch.Patience", partial(Patience, **seconds))


@pytest.fixture
async def on_own_kafka(probe, own_kafka):
    """Put the service on a broker that may be killed."""
    probe.kafka.bootstrap_servers = own_kafka.bootstrap_servers
    await ensure_topics(probe.kafka)
    return own_kafka


def consumer_of(app: AsgiFastStream) -> AIOKafkaConsumer:
    [subscriber] = app.broker.subscribers
    return subscriber.consumer


async def die(client: AIOKafkaClient) -> None:
    async def fail() -> None:
        message = "the handler is closed"
        raise RuntimeError(message)

    await be_cancelled(client)
    client._sync_task = asyncio.create_task(fail())
    await asyncio.wait([client._sync_task])


async def be_cancelled(client: AIOKafkaClient) -> None:
    client._sync_task.cancel()
    await asyncio.wait([client._sync_task])


async def wait_for_ever(client: AIOKafkaClient) -> None:
    await be_cancelled(client)
    client._sync_task = asyncio.create_task(asyncio.Event().wait())


async def kill_and_start(kafka) -> None:
    os.kill(kafka.pid, signal.SIGKILL)
    while kafka.running:
        await asyncio.sleep(0.02)
    await asyncio.sleep(1)  # for the clients to find it gone
    await asyncio.to_thread(kafka.start)


@pytest.mark.parametrize("harm", [die, be_cancelled, wait_for_ever])
async def test_what_comes_after_a_clients_death_is_taken_in(probe, on_own_kafka, patience, harm, caplog) -> None:
    patience(look=0.1, standstill=5.0, pause=0.5)
    await probe.send(probe.event(0))
    async with probe.running() as app:
        await probe.caught_up(1)
        first = consumer_of(app)
        await harm(first._client)
        await kill_and_start(on_own_kafka)
        await probe.send(*(probe.event(n) for n in range(1, 10)))
        await probe.caught_up(10)
        assert consumer_of(app) is not first
        assert probe.told("doso_consumer_restarts_total") >= 1
        assert probe.told("doso_consumer_dead") == 0
    assert await probe.effects() == list(range(10))
    assert "consumer stands still; starting it anew" in caplog.text


@pytest.mark.parametrize("harm", [die, wait_for_ever])
async def test_a_service_ends_though_its_consumers_client_is_dead(probe, on_own_kafka, patience, harm) -> None:
    patience(look=NEVER)
    await probe.send(probe.event(0))
    async with contextlib.AsyncExitStack() as running:
        app = await running.enter_async_context(probe.running())
        await probe.caught_up(1)
        client = consumer_of(app)._client
        await harm(client)
        await kill_and_start(on_own_kafka)
        async with asyncio.timeout(GRACE_SECONDS):
            await running.aclose()
    assert not any(connection.connected() for connection in client._conns.values())
    left = [repr(task.get_coro()) for task in asyncio.all_tasks()]
    assert not [one for one in left if "Fetcher" in one or "GroupCoordinator" in one or "AIOKafkaClient" in one]


async def test_nothing_is_started_anew_while_the_broker_is_away(probe, on_own_kafka, patience, monkeypatch) -> None:
    patience(look=0.1, standstill=8.0, pause=0.1)
    answers: list[frozenset[str]] = []

    async def asked(*broker: Any) -> frozenset[str]:
        answers.append(await led_partitions(*broker))
        return answers[-1]

    monkeypatch.setattr("shared.messaging.watch.led_partitions", asked)
    async with probe.running() as app:
        await probe.send(probe.event(0))
        await probe.caught_up(1)
        first, restarts = consumer_of(app), probe.told("doso_consumer_restarts_total")
        os.kill(on_own_kafka.pid, signal.SIGKILL)
        answers.clear()
        await probe.eventually(lambda: asyncio.sleep(0, len(answers) >= 2))
        assert not any(answers)
        assert consumer_of(app) is first
        assert probe.told("doso_consumer_restarts_total") == restarts
        await asyncio.to_thread(on_own_kafka.start)
        await probe.send(probe.event(1))
        await probe.caught_up(2)
    assert await probe.effects() == [0, 1]


async def test_a_service_that_cannot_be_healed_tells_that_it_is_dead(probe, patience, monkeypatch) -> None:
    patience(look=0.1, pause=0.1, longest_pause=0.1, helpless=2.0)

    async def fail() -> None:
        message = "no way"
        raise KafkaConnectionError(message)

    async def dead() -> bool:
        return probe.told("doso_consumer_dead") == 1

    async def alive() -> bool:
        return not await dead()

    await probe.send(probe.event(0))
    async with probe.running() as app:
        await probe.caught_up(1)
        [subscriber] = app.broker.subscribers
        with monkeypatch.context() as broken:
            broken.setattr(type(subscriber), "start", lambda _self: fail())
            await be_cancelled(subscriber.consumer._client)
            await probe.eventually(dead)
            await probe.eventually(lambda: asyncio.sleep(0, probe.told("doso_consumer_restarts_total") > 1))
        await probe.send(probe.event(1))
        await probe.caught_up(2)
        await probe.eventually(alive)
    assert await probe.effects() == [0, 1]
