"""Consumers that stand still: for longer than their group waits, or with work that does not get through."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.faults import proof
from tests.faults.fleet import SESSION_SECONDS

if TYPE_CHECKING:
    from tests.faults.row import Row


@pytest.mark.parametrize("service", ["inventory", "gateway"])
async def test_consumer_frozen_beyond_its_session(row: Row, service: str) -> None:
    """Alone in its group: what it held is handed out again, to itself."""
    frozen = row.fleet.services[service]
    async with row.reporting(pause=0.4):
        await asyncio.sleep(1)
        frozen.freeze()
        await asyncio.sleep(SESSION_SECONDS * 2)
        frozen.thaw()
        row.lifted()
        await asyncio.sleep(1)
    await row.prove()


async def test_consumer_frozen_while_a_replica_takes_over(row: Row) -> None:
    """The replica finishes everything alone: consuming, and publishing, which was the frozen one's to do."""
    fleet = row.fleet
    replica = fleet.add("inventory-2", "inventory")
    replica.start()
    await replica.ready()
    async with row.reporting(pause=0.2):
        await asyncio.sleep(3)
        fleet.services["inventory"].freeze()
        row.lifted()
        await asyncio.sleep(SESSION_SECONDS * 2)
    await proof.settle(fleet, row.driver)
    async with row.reporting(pause=0.2):
        fleet.services["inventory"].thaw()
        await asyncio.sleep(2)
    await row.prove()


async def test_consumer_blocked_by_a_lock(row: Row, short: bool) -> None:
    """Its table is locked: it can write nothing for longer than its session and its commands may take."""
    async with row.reporting(pause=0.4):
        await asyncio.sleep(1)
        async with row.fleet.owner() as connection, connection.transaction():
            await connection.execute("LOCK TABLE inventory.vehicle IN ACCESS EXCLUSIVE MODE")
            await asyncio.sleep(15 if short else 45)
        row.lifted()
    await row.prove()


async def test_two_replicas_of_everything(row: Row) -> None:
    """Partitions move to the second ones and back, while events stream through."""
    fleet = row.fleet
    async with row.reporting(pause=0.4):
        for name in ("inventory", "gateway", "feedback"):
            fleet.add(f"{name}-2", name).start()
        await fleet.ready()
        await asyncio.sleep(2)
        for name in ("inventory", "gateway", "feedback"):
            fleet.services.pop(f"{name}-2").kill()
        row.lifted()
    await row.prove()
