"""Clocks that are wrong: those of the senders, and those of our own machines."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.faults.row import Row

SKEW = timedelta(minutes=10)
SOURCE = Path(__file__).with_name("skewed_clock.c")


async def test_senders_clocks_ten_minutes_off(row: Row) -> None:
    """Three desks report the same vehicles, one with a clock ahead, one with one behind: the latest time wins."""
    async with row.reporting(skew=SKEW):
        await asyncio.sleep(8)
    row.lifted()
    await row.prove()


async def test_services_clocks_ten_minutes_off(row: Row, skewed_clock: Path) -> None:
    skews = {"gateway": -SKEW, "inventory": SKEW, "recommend": -SKEW, "feedback": SKEW}
    for name, skew in skews.items():
        seconds = str(int(skew.total_seconds()))
        await row.fleet.restart(name, LD_PRELOAD=str(skewed_clock), DOSO_CLOCK_SKEW=seconds)
    async with row.reporting():
        await asyncio.sleep(6)
    row.lifted()
    await row.prove()
    async with row.fleet.owner() as connection:
        behind = await connection.fetchval(
            "SELECT max(at - received_at) FROM inventory.vehicle_event WHERE tenant_id = $1", row.driver.tenant
        )
    assert behind > SKEW / 2, "the gateway's clock was wrong indeed"


@pytest.fixture(scope="session")
def skewed_clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build what moves a process's clock."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("moving a process's clock takes Linux and a C compiler (cc)")
    library = tmp_path_factory.mktemp("clock") / "skewed_clock.so"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    return library
