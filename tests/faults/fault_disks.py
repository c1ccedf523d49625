"""Disks that are full: a small memory disk of its own under the server, with ballast in it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.faults.fleet import Fleet
from tests.faults.row import fault_of, row_on

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.faults.row import Row

SIZES = {"postgres": "400m", "kafka": "300m"}
FULL_SECONDS = 12.0
SERVICES = ("gateway", "inventory")


@pytest.fixture
def small_disk(tmp_path: Path, server: str) -> Iterator[Path]:
    """Mount a small disk where that is permitted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a disk of its own takes root on Linux, to mount a tmpfs")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZES[server]}", "tmpfs", str(disk)],
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode != 0:
        pytest.skip(f"mounting a tmpfs is not permitted here: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        # Sessions may outlive a PostgreSQL that was killed, and keep the disk busy.
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
async def row(
    real_kafka: None, tmp_path: Path, small_disk: Path, server: str, request: pytest.FixtureRequest, repetition: int
) -> AsyncIterator[Row]:
    """Give a row on a fleet of its own, whose one server lies on the small disk."""
    fleet = Fleet(tmp_path / "fleet", SERVICES, **{f"{server}_directory": small_disk})
    try:
        await fleet.start()
        async with row_on(fleet, fault_of(request.node.name), repetition) as begun:
            yield begun
    finally:
        await fleet.stop()


@pytest.mark.parametrize("server", ["postgres", "kafka"])
async def test_disk_full(row: Row, small_disk: Path, server: str) -> None:
    fleet = row.fleet
    async with row.reporting(senders=3, pause=0.1):
        await asyncio.sleep(1)
        ballast = small_disk / "ballast"
        filling = asyncio.create_task(_keep_full(ballast))
        for _ in range(10):
            await asyncio.sleep(FULL_SECONDS)
            if felt := await _felt(row, server):
                break
        filling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await filling
        assert felt, "a disk that nobody feels is not full"
        ballast.unlink()
        # A server that gave up on its full disk is started again by whoever looks after it.
        row.lifted()
        for _ in range(5):  # it may do so only now
            for each in (fleet.postgres, fleet.kafka):
                if not each.running:
                    await asyncio.to_thread(each.start)
            await asyncio.sleep(2)
        assert fleet.postgres.running
        assert fleet.kafka.running
    await row.prove()


async def _felt(row: Row, server: str) -> bool:
    """Tell whether the server could not do its work."""
    if server == "postgres":
        return row.driver.resent > 0
    if not row.fleet.kafka.running:
        return True
    async with row.fleet.owner() as connection:
        waiting = await connection.fetchval("SELECT count(*) FROM gateway.outbox_waiting")
    return bool(waiting > 100)


async def _keep_full(ballast: Path) -> None:
    """Fill a disk to its last byte, again and again."""
    with ballast.open("ab", buffering=0) as file:
        while True:
            for size in (1_048_576, 4096, 1):
                with contextlib.suppress(OSError):
                    while file.write(b"\0" * size) == size and size > 1:
                        pass
            await asyncio.sleep(0.1)
