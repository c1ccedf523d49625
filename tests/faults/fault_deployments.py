"""What operators do on a working day: releases, and more partitions."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING
from uuid import uuid4

from aiokafka.partitioner import murmur2

from deploy.local.pipeline import SERVICES
from shared.events.topics import DMS_EVENT_RECEIVED
from tests.e2e.conftest import new_vin, sign_in
from tests.faults import kafka
from tests.faults.driver import new_rooftop

if TYPE_CHECKING:
    from tests.faults.row import Row

MORE = 3
KNOWN_SECONDS = 40.0
MOST_ROOFTOPS = 200


async def test_rolling_restart(row: Row) -> None:
    async with row.reporting(pause=0.3):
        for service in SERVICES:
            await row.fleet.restart(service)
        row.lifted()
    await row.prove()


async def test_partitions_added(row: Row) -> None:
    """A dealer's events change partition once it is known that there are more; each new one has a dealer's here."""
    servers, topic = row.fleet.kafka.bootstrap_servers, DMS_EVENT_RECEIVED.name
    before = await asyncio.to_thread(kafka.ends, servers, topic)
    total = len(before) + MORE
    dealers = await asyncio.to_thread(_dealers_of, row, range(len(before), total), total)
    async with row.reporting(pause=0.3):
        await asyncio.sleep(1)
        assert await asyncio.to_thread(kafka.add_partitions, servers, topic, MORE) == total
        row.lifted()
        await asyncio.sleep(KNOWN_SECONDS)  # until the relay knows of them
        for dealer in dealers.values():
            await row.driver.send([row.driver.stocked(new_vin(), dealer) for _ in range(3)])
    await row.prove()  # that each of them was taken in, and that nobody is behind on any partition
    after = await asyncio.to_thread(kafka.ends, servers, topic)
    assert len(after) == total > DMS_EVENT_RECEIVED.partitions
    assert all(after[partition] >= 3 for partition in dealers), f"records lie elsewhere: {after}"


def _dealers_of(row: Row, partitions: range, total: int) -> dict[int, str]:
    """Make rooftops until each of the partitions would have one's events; gives one of each."""
    found: dict[int, str] = {}
    admin = row.driver.admin
    with contextlib.closing(sign_in(row.fleet.url, admin.username, admin.password)) as client:
        for _ in range(MOST_ROOFTOPS):
            dealer = new_rooftop(client, f"Store {uuid4().hex[:8]}")
            found.setdefault((murmur2(dealer.encode()) & 0x7FFFFFFF) % total, dealer)
            if found.keys() >= set(partitions):
                break
    return {partition: found[partition] for partition in partitions}
