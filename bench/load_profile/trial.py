"""A timed run at one rate: what waited meanwhile, what it cost, and whether the system kept up."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.load_profile.sending import Sent, send_at
from bench.load_profile.usage import Processor, read_processor, read_resident

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.load_profile.backlog import BacklogReader
    from bench.load_profile.processes import RunningSystem
    from bench.load_profile.tenants import Tenant
    from bench.progress import Steps

LOOK_SECONDS = 1.0
READINGS_PER_WEIGHING = 5
"""Weighing walks through every page of PostgreSQL's sessions, which takes tens of milliseconds."""
GENERATOR = "load generator"
GROWTH_SHARE = 0.02
"""A backlog that grows by less than this share of the rate does not grow: readings scatter by more."""
SMALL_SECONDS = 0.25
"""A backlog that a quarter of a second's events make is none."""
CALM_RECORDS = 50
CALM_SECONDS = 2.0
CALM_LOOKS = 10
DRAIN_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Reading:
    """Seconds since the run began, and everything that waits: unsent, unpublished, not consumed."""

    at: float
    waiting: int


@dataclass(frozen=True, slots=True)
class Weighing:
    """Seconds since the run began, and megabytes by part."""

    at: float
    resident: dict[str, float]


@dataclass(frozen=True, slots=True)
class Trial:
    """A run at ``rate`` events a second; ``processor`` has the seconds that each part used until it was drained.

    ``overdue``: the longest that work which was due had waited at any reading, in seconds by queue.
    """

    rate: float
    seconds: float
    readings: tuple[Reading, ...]
    weighings: tuple[Weighing, ...]
    acknowledged: int
    overdue: dict[str, float]
    drain_seconds: float
    processor: dict[str, float]

    @property
    def growth(self) -> float:
        """Tell by how many events a second the backlog grew, over the last two thirds, by least squares."""
        late = [reading for reading in self.readings if reading.at >= self.seconds / 3]
        if len(late) < 2:
            message = f"{len(late)} readings in {self.seconds:g} s cannot tell what grows: choose a longer window"
            raise ValueError(message)
        return float(np.polyfit([reading.at for reading in late], [reading.waiting for reading in late], 1)[0])

    @property
    def holds(self) -> bool:
        """Tell whether the system kept up."""
        small = self.readings[-1].waiting <= SMALL_SECONDS * self.rate
        return small or self.growth <= GROWTH_SHARE * self.rate

    @property
    def capacity(self) -> float:
        """Give the events a second that were worked off; no less than nought."""
        return max(0.0, self.rate - max(0.0, self.growth))

    def weighed(self) -> list[str]:
        """Name the parts that had memory at any weighing; workers come and go."""
        return list(dict.fromkeys(part for weighing in self.weighings for part in weighing.resident))

    def per_event(self) -> dict[str, float]:
        """Give microseconds of processor time an event, by part."""
        return {part: seconds / self.acknowledged * 1e6 for part, seconds in self.processor.items()}


@dataclass(slots=True)
class Bench:
    """A running system with its tenants, ready for trials."""

    system: RunningSystem
    tenants: Sequence[Tenant]
    backlog: BacklogReader
    steps: Steps

    async def run(self, rate: float, seconds: float, text: str) -> Trial:
        """Send at a rate for a while, then wait until everything is worked off."""
        sent, readings, weighings, overdue = Sent(), [], [], dict[str, float]()
        before, began = self._processor(), time.perf_counter()
        with self.steps.step(f"{text}: {rate:,.0f} events/s", total=seconds) as advance:
            sending = asyncio.create_task(send_at(self.system.url, self.tenants, rate, seconds, sent))
            while (at := time.perf_counter() - began) < seconds:
                if sending.done():
                    break
                waiting = (await self.backlog.read()).total + sent.unsent
                readings.append(Reading(time.perf_counter() - began, waiting))
                for queue, waited in (await self.backlog.overdue()).items():
                    overdue[queue] = max(waited, overdue.get(queue, 0.0))
                if len(readings) % READINGS_PER_WEIGHING == 1:
                    weighings.append(Weighing(at, read_resident(self.system.processes)))
                advance(at)
                await asyncio.sleep(LOOK_SECONDS)
            await sending
            ended = time.perf_counter()
        await self.drained()
        return Trial(
            rate,
            seconds,
            tuple(readings),
            tuple(weighings),
            sent.acknowledged,
            overdue,
            time.perf_counter() - ended,
            self._processor().since(before),
        )

    async def drained(self, calm: int = CALM_RECORDS) -> None:
        """Wait until hardly anything waits any more; raises TimeoutError after a quarter of an hour."""
        with self.steps.step("working off what waits"):
            async with asyncio.timeout(DRAIN_SECONDS):
                while (await self.backlog.read()).total > calm:  # noqa: ASYNC110  # nobody tells us
                    await asyncio.sleep(LOOK_SECONDS / 4)

    async def computed(self) -> None:
        """Wait until nothing has waited for long for a while; raises TimeoutError after a quarter of an hour.

        For a while, since what was computed is published, and is work for others then.
        """
        calm = 0
        with self.steps.step("computing what was put off"):
            async with asyncio.timeout(DRAIN_SECONDS):
                while calm < CALM_LOOKS:
                    await asyncio.sleep(LOOK_SECONDS)
                    waited = max((await self.backlog.overdue()).values(), default=0.0)
                    behind = (await self.backlog.read()).total > CALM_RECORDS
                    calm = 0 if behind or waited > CALM_SECONDS else calm + 1

    def _processor(self) -> Processor:
        return read_processor(self.system.processes | {GENERATOR: os.getpid()})
