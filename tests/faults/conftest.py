"""The fleet that faults are injected into, and the row that a test fills in."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from deploy.local.servers import unavailable_reason
from tests.conftest import CACHE
from tests.faults import proof, results
from tests.faults.driver import Driver, new_driver
from tests.faults.fleet import Fleet
from tests.faults.results import Result

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

RECOVERY_SECONDS = 240.0
"""The bound, generous because the whole system shares a small machine with its tests."""
_done: list[Result] = []
_failed: dict[str, int] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--repeat", type=int, default=1, help="how often each fault is injected")
    parser.addoption("--short", action="store_true", help="short outages and fewer kills, to try the harness")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    repeat = metafunc.config.getoption("--repeat", 1)
    if "repetition" in metafunc.fixturenames and repeat > 1:
        metafunc.parametrize("repetition", range(repeat), ids=lambda n: f"run{n + 1}")


@pytest.fixture
def repetition() -> int:
    """Number of this run."""
    return 0


@pytest.fixture(scope="session")
def short(pytestconfig: pytest.Config) -> bool:
    """Whether outages are to be short."""
    return bool(pytestconfig.getoption("--short"))


@pytest.fixture(scope="session")
def real_kafka() -> None:
    """Refuse to show anything on anything but the real broker."""
    if reason := unavailable_reason(CACHE):
        pytest.skip(f"faults are injected into real Apache Kafka, which cannot run here: {reason}")


@pytest.fixture(scope="session")
def fleet(real_kafka: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Run the whole system for the session; every row finds it well and leaves it so."""
    running = Fleet(tmp_path_factory.mktemp("fleet"))
    try:
        asyncio.run(running.start())
        yield running
    finally:
        asyncio.run(running.stop())


@dataclass
class Row:
    """One fault on one fleet with one driver: to be injected, lifted, proved."""

    fault: str
    fleet: Fleet
    driver: Driver
    dead_before: int
    counted: dict[int, float]
    repetition: int = 0
    lifted_at: float = field(default_factory=time.monotonic)

    def lifted(self) -> None:
        """Note that the fault is over: recovery is counted from here."""
        self.lifted_at = time.monotonic()

    @asynccontextmanager
    async def reporting(self, **how: Any) -> AsyncIterator[None]:
        """Have events reported all the while."""
        async with self.driver.reporting(**how):
            yield

    async def prove(self, *, dead_letters: int = 0, within: float = RECOVERY_SECONDS) -> Result:
        """Wait for rest, prove that nothing was lost or doubled, and enter it in the table."""
        await proof.settle(self.fleet, self.driver, within)
        recovery = time.monotonic() - self.lifted_at
        found = await proof.prove(self.fleet, self.driver, dead_before=self.dead_before, dead_letters=dead_letters)
        result = Result(
            fault=self.fault,
            acknowledged=found.acknowledged,
            effects=found.effects,
            dead_letters=found.dead_letters,
            duplicates=await self.duplicates() + self.driver.resent,
            recovery_seconds=round(recovery, 1),
        )
        _done.append(result)
        return result

    async def duplicates(self) -> int:
        """Count what came again since the row began, by the processes that are still there."""
        counts = await absorbed(self.fleet)
        return int(sum(count - self.counted.get(pid, 0.0) for pid, count in counts.items()))


@asynccontextmanager
async def row_on(fleet: Fleet, fault: str, repetition: int = 0) -> AsyncIterator[Row]:
    """Begin a row: a new dealer group, with its vehicles in stock."""
    driver = await new_driver(fleet, fault)
    try:
        async with fleet.owner() as connection:
            dead_before = await proof.dead(connection)
        counted = await absorbed(fleet)
        await driver.open()
        yield Row(fault, fleet, driver, dead_before, counted, repetition)
    finally:
        await driver.close()


async def absorbed(fleet: Fleet) -> dict[int, float]:
    """Count what came again, by process."""
    running = [one for one in fleet.services.values() if one.running]
    return {one.pid: await one.duplicates() for one in running}


@pytest.fixture
async def row(fleet: Fleet, request: pytest.FixtureRequest, repetition: int) -> AsyncIterator[Row]:
    """Give this test's row, and bring the fleet back to health after it."""
    async with row_on(fleet, fault_of(request.node.name), repetition) as begun:
        try:
            yield begun
        finally:
            await fleet.heal()


def fault_of(test: str) -> str:
    """Name the fault that a test injects: its own name, without which run it is."""
    name, _, case = test.removeprefix("test_").partition("[")
    cases = [part for part in case.removesuffix("]").split("-") if part and not part.startswith("run")]
    return name.replace("_", " ") + (f" ({', '.join(cases)})" if cases else "")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    outcome = yield
    if "row" in getattr(item, "fixturenames", ()) and outcome.get_result().failed:
        fault = fault_of(item.name)
        _failed[fault] = _failed.get(fault, 0) + 1


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _done or _failed:
        terminalreporter.section("faults")
        for line in results.table(_done, _failed):
            terminalreporter.write_line(line)
        results.write(_done, _failed)
