"""The fleet that faults are injected into, and the row that a test fills in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from deploy.local.servers import unavailable_reason
from tests.conftest import CACHE
from tests.faults import results
from tests.faults.fleet import Fleet
from tests.faults.row import Row, fault_of, row_on

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


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


@pytest.fixture
async def row(fleet: Fleet, request: pytest.FixtureRequest, repetition: int) -> AsyncIterator[Row]:
    """Give this test's row, and bring the fleet back to health after it."""
    async with row_on(fleet, fault_of(request.node.name), repetition) as begun:
        try:
            yield begun
        finally:
            await fleet.heal()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    outcome = yield
    if "row" in getattr(item, "fixturenames", ()) and outcome.get_result().failed:
        fault = fault_of(item.name)
        results.FAILED[fault] = results.FAILED.get(fault, 0) + 1


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if results.DONE or results.FAILED:
        terminalreporter.section("faults")
        for line in results.table(results.DONE, results.FAILED):
            terminalreporter.write_line(line)
        results.write(results.DONE, results.FAILED)
