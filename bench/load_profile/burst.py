"""Ten times as many events for ten seconds, and how long it takes until nothing of them waits."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.load_profile.sending import Sent, send_at

if TYPE_CHECKING:
    from bench.load_profile.trial import Bench

BASE_SHARE = 0.2
TIMES = 10
BURST_SECONDS = 10.0
BASE_SECONDS = 5.0
PATIENCE_SECONDS = 600.0
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Burst:
    """Events a second before and in the burst, the seconds until drained, and what waited: (seconds, events)."""

    base: float
    rate: float
    drain_seconds: float
    waiting: tuple[tuple[float, int], ...]

    @property
    def at_best(self) -> float:
        """Tell how long draining takes a system that works off exactly the sustained rate, in seconds.

        The burst is twice that rate, and the base goes on taking its fifth.
        """
        sustained = self.base / BASE_SHARE
        return BURST_SECONDS * (self.rate - sustained) / (sustained - self.base)


async def burst(bench: Bench, sustained: float) -> Burst:
    """Send a fifth of the sustained rate, ten times that for ten seconds, then the fifth again until drained.

    Raises TimeoutError when that takes ten minutes.
    """
    base, waiting, sent = BASE_SHARE * sustained, [], Sent()
    url, tenants, began = bench.system.url, bench.tenants, time.perf_counter()

    async def look() -> int:
        count = (await bench.backlog.read()).total + sent.unsent
        waiting.append((time.perf_counter() - began, count))
        return count

    with bench.steps.step(f"burst of {TIMES * base:,.0f} events/s"):
        usual = 0
        for rate, seconds in ((base, BASE_SECONDS), (TIMES * base, BURST_SECONDS)):
            sending = asyncio.create_task(send_at(url, tenants, rate, seconds, sent))
            while not sending.done():
                count = await look()
                usual = max(usual, count) if rate == base else usual
                await asyncio.sleep(_LOOK_SECONDS)
            await sending
        over = time.perf_counter()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                sending = asyncio.create_task(send_at(url, tenants, base, 1.0, sent))
                count = await look()
                await sending
                if count <= max(usual, base):
                    break
        drained = time.perf_counter() - over
    await bench.drained()
    return Burst(base, TIMES * base, drained, tuple(waiting))
