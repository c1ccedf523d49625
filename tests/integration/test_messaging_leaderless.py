"""Partitions that lost their leader with its disk: the service goes on with the others, and waits for them."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.servers.apache_kafka import server
from shared.messaging import ensure_topics
from shared.messaging.watch import Patience

if TYPE_CHECKING:
    from pathlib import Path

    from faststream.asgi import AsgiFastStream

    from deploy.local.servers.apache_kafka import ApacheKafka


@pytest.fixture
def two_disks(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> ApacheKafka:
    """Run a broker with two directories of partitions, either of which may be lost; it looks for them often."""
    usual = server.node_properties

    def with_two(*, data: Path, **ports: int) -> str:
        more = {
            "log.dirs": f"{data},{data.with_name('second')}",
            "metadata.log.dir": data.with_name("metadata"),
            "offsets.topic.num.partitions": 1,
            "log.initial.task.delay.ms": 500,
            "log.flush.offset.checkpoint.interval.ms": 500,
        }
        return usual(data=data, **ports) + "".join(f"{name}={value}\n" for name, value in more.items())

    monkeypatch.setattr(server, "node_properties", with_two)
    return request.getfixturevalue("own_kafka")


def held_by(disk: Path, topic: str) -> list[str]:
    return sorted(path.name for path in disk.glob(f"{topic}-*"))


async def send(probe, partition: str, *numbers: int) -> None:
    async with AIOKafkaProducer(bootstrap_servers=probe.kafka.bootstrap_servers) as producer:
        for n in numbers:
            record = probe.as_record(probe.event(n))
            await producer.send_and_wait(probe.topic.name, partition=int(partition.rpartition("-")[2]), **record)


async def told_of(app: AsgiFastStream) -> tuple[str, list[str]]:
    """Give what the service's health says of its consumer: its status, and the partitions without a leader."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        checks = (await client.get("/health")).json()["checks"]
    [check] = [check for name, check in checks.items() if "consumer" in name]
    leaderless = check["detail"].partition("no leader of ")[2].partition(", heard")[0]
    return check["status"], leaderless.split(", ") if leaderless else []


async def test_a_lost_disk_has_nobody_started_anew_and_is_read_on_when_it_is_back(
    probe, two_disks, tmp_path, monkeypatch
) -> None:
    patience = partial(Patience, look=0.1, standstill=8.0, pause=0.2, longest_pause=0.5)
    monkeypatch.setattr("shared.messaging.watch.Patience", patience)
    probe.kafka.bootstrap_servers = two_disks.bootstrap_servers
    await ensure_topics(probe.kafka)
    async with probe.running() as app:

        async def effects(*wanted: int) -> bool:
            return sorted(await probe.effects()) == list(wanted)

        async def told(status: str, leaderless: list[str]) -> bool:
            return await told_of(app) == (status, leaderless)

        await send(probe, f"{probe.topic.name}-0", 0)
        await probe.eventually(lambda: effects(0))
        [subscriber] = app.broker.subscribers
        first, restarts = subscriber.consumer, probe.told("doso_consumer_restarts_total")
        disks = [tmp_path / "kafka" / name for name in ("data", "second")]
        lost, kept = sorted(disks, key=lambda disk: bool(held_by(disk, "__consumer_offsets")))
        gone, left = held_by(lost, probe.topic.name), held_by(kept, probe.topic.name)
        assert gone
        assert left
        lost.rename(lost.with_name("lost"))
        await probe.eventually(lambda: told("ok", gone))
        await send(probe, left[0], 1, 2)
        await probe.eventually(lambda: effects(0, 1, 2))
        assert await told("ok", gone)
        assert subscriber.consumer is first
        assert probe.told("doso_consumer_restarts_total") == restarts
        two_disks.stop()
        lost.with_name("lost").rename(lost)
        await asyncio.to_thread(two_disks.start)
        await send(probe, gone[0], 3)
        await probe.eventually(lambda: effects(0, 1, 2, 3))
        await probe.eventually(lambda: told("ok", []))
