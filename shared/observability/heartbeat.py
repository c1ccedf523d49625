"""The pulse of an event loop."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.observability.metrics import Metrics

PERIOD_SECONDS: Final = 0.1
"""Short, so that few stalls fall between two ticks; ten wake-ups a second cost nothing."""


class Heartbeat:
    """Ticks on the loop it was started on, and remembers how late ticks came."""

    def __init__(
        self,
        *,
        metrics: Metrics | None = None,
        on_tick: Callable[[float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Call `on_tick` with the clock's reading at each tick, when given."""
        self._metrics = metrics
        self._on_tick = on_tick
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._last: float | None = None
        self.longest_stall_seconds = 0.0

    @property
    def age_seconds(self) -> float | None:
        """Seconds since the last tick; None before the first, and when the task ended."""
        if self._last is None or self._task is None or self._task.done():
            return None
        return self._clock() - self._last

    def start(self) -> None:
        """Start ticking on the running loop; starting twice is no error."""
        if self._task is None or self._task.done():
            self._last = self._clock()
            self._task = asyncio.create_task(self._beat(), name="heartbeat")

    async def stop(self) -> None:
        """Stop ticking; an error that ended the ticking is raised here."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            results = await asyncio.gather(task, return_exceptions=True)
            if isinstance(results[0], Exception):
                raise results[0]

    async def _beat(self) -> None:
        expected = self._clock() + PERIOD_SECONDS
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            self.tick(expected)
            expected = self._clock() + PERIOD_SECONDS

    def tick(self, expected: float) -> None:
        """Record a tick that was due at `expected` on the clock."""
        now = self._clock()
        stall = max(0.0, now - expected)
        self.longest_stall_seconds = max(self.longest_stall_seconds, stall)
        self._last = now
        if self._metrics is not None:
            self._metrics.stalled(stall)
        if self._on_tick is not None:
            self._on_tick(now)
