"""Clocks that are wrong: those of the senders, and those of our own machines."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.faults.row import Row
    from tests.faults.service_process import ServiceProcess

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
        service = await row.fleet.restart(name, LD_PRELOAD=str(skewed_clock), DOSO_CLOCK_SKEW=seconds)
        assert abs(await _skew(service) - skew) < SKEW / 10, f"the clock of {name} is wrong indeed"
    assert abs(await _skew(row.fleet.services["market"])) < SKEW / 10, "those of the others are right"
    async with row.reporting():
        await asyncio.sleep(6)
    row.lifted()
    await row.prove()
    async with row.fleet.owner() as connection:
        behind = await connection.fetchval(
            "SELECT max(at - received_at) FROM inventory.vehicle_event WHERE tenant_id = $1", row.driver.tenant
        )
    assert behind > SKEW / 2, "the gateway's clock was wrong indeed"


async def _skew(service: ServiceProcess) -> timedelta:
    """Tell how far off a service's clock is, by the date of its answers."""
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.get(f"{service.url}/ready")
    return parsedate_to_datetime(answer.headers["date"]) - datetime.now(UTC)


@pytest.fixture(scope="session")
def skewed_clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build what moves a process's clock."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("moving a process's clock takes Linux and a C compiler (cc)")
    library = tmp_path_factory.mktemp("clock") / "skewed_clock.so"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    return library
