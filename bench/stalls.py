"""How long an event loop stood still: the system's by its metrics, and our own beside it."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

METRIC = "doso_event_loop_stall_seconds"
PERIOD_SECONDS = 0.1


def stall_buckets(metrics: str) -> dict[float, float]:
    """Read the cumulative counts of ticks by upper bound, in seconds; raises ValueError where there are none."""
    buckets: dict[float, float] = {}
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            if sample.name == f"{METRIC}_bucket":
                bound = float(sample.labels["le"])
                buckets[bound] = buckets.get(bound, 0.0) + sample.value
    if not buckets:
        message = f"the metrics hold no {METRIC}"
        raise ValueError(message)
    return buckets


def longest_stall(before: Mapping[float, float], after: Mapping[float, float]) -> float:
    """Give the upper bound, in seconds, of the longest stall between two readings; infinite beyond all bounds.

    Raises ValueError where no tick came in between.
    """
    new = {bound: after[bound] - before.get(bound, 0.0) for bound in after}
    total = max(new.values())
    if total <= 0:
        message = "the event loop did not tick between the two readings"
        raise ValueError(message)
    return min(bound for bound, count in new.items() if count == total)


@dataclass(slots=True)
class OwnPulse:
    """The longest stall of the loop that measures, in seconds; it tells how much is the machine's doing."""

    longest: float = 0.0


@asynccontextmanager
async def own_pulse() -> AsyncIterator[OwnPulse]:
    """Tick as the services do while the block runs."""
    pulse = OwnPulse()

    async def beat() -> None:
        while True:
            due = time.perf_counter() + PERIOD_SECONDS
            await asyncio.sleep(PERIOD_SECONDS)
            pulse.longest = max(pulse.longest, time.perf_counter() - due)

    task = asyncio.create_task(beat())
    try:
        yield pulse
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
