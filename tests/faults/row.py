"""A row of the table: one fault on one fleet with one driver, injected, lifted, proved."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.faults import proof
from tests.faults.driver import Driver, new_driver
from tests.faults.results import DONE, Result

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.faults.fleet import Fleet


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
    note: str = ""

    def lifted(self) -> None:
        """Note that the fault is over: recovery is counted from here."""
        self.lifted_at = time.monotonic()

    @asynccontextmanager
    async def reporting(self, *, people: bool = False, **how: Any) -> AsyncIterator[None]:
        """Have events reported all the while, and if ``people`` work, adverts uploaded and advice answered too."""
        async with self.driver.reporting(**how), self.driver.people.working() if people else nullcontext():
            yield

    async def prove(self, *, dead_letters: int = 0, within: float = proof.RECOVERY_SECONDS) -> Result:
        """Wait for rest, prove that nothing was lost or doubled, and enter it in the table."""
        await proof.settle(self.fleet, self.driver, within)
        recovery = time.monotonic() - self.lifted_at
        found = await proof.prove(self.fleet, self.driver, dead_before=self.dead_before, dead_letters=dead_letters)
        result = Result(
            fault=self.fault,
            acknowledged=found.acknowledged,
            effects=found.effects,
            dead_letters=found.dead_letters,
            duplicates=await self.duplicates() + self.driver.duplicates,
            recovery_seconds=round(recovery, 1),
            note=self.note,
        )
        DONE.append(result)
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


def fault_of(test: str) -> str:
    """Name the fault that a test injects: its own name, without which run it is."""
    name, _, case = test.removeprefix("test_").partition("[")
    cases = [part for part in case.removesuffix("]").split("-") if part and not part.startswith("run")]
    return name.replace("_", " ") + (f" ({', '.join(cases)})" if cases else "")
