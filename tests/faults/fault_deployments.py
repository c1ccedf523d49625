"""What operators do on a working day: releases, and more partitions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from deploy.local.pipeline import SERVICES
from shared.events.topics import DMS_EVENT_RECEIVED
from tests.faults import kafka

if TYPE_CHECKING:
    from tests.faults.row import Row


async def test_rolling_restart(row: Row) -> None:
    async with row.reporting(pause=0.3):
        for service in SERVICES:
            await row.fleet.restart(service)
        row.lifted()
    await row.prove()


async def test_partitions_added(row: Row) -> None:
    servers = row.fleet.kafka.bootstrap_servers
    async with row.reporting(pause=0.3):
        await asyncio.sleep(1)
        total = await asyncio.to_thread(kafka.add_partitions, servers, DMS_EVENT_RECEIVED.name, 3)
        row.lifted()
        # Until the relay knows of them; a dealer's events change partition then, whoever reads them.
        await asyncio.sleep(40)
    await row.prove()
    assert total > DMS_EVENT_RECEIVED.partitions
