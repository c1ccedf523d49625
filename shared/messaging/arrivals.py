"""How events arrive here, so that computing steps back while the system catches up or has its hands full."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

LATE_SECONDS = 2.0
"""From a dealer's report to here. Even a busy system that keeps up needs less than half of it."""
RECENT_SECONDS = 1.0
STREAM_PER_SECOND = 300.0
"""Events a second from which on they stream in: a thousand rooftops on a busy day, or somebody's whole file."""
STREAM_SECONDS = 2.0


class Arrivals:
    """Whether the events that a service takes in just now are late, and whether they stream in.

    Late is told from the gateway's receipt of the report on. What is computed from late events would be out of date
    by the time it is published; what is computed in a stream soon is. Both take the processor and the database away
    from those who take events in.
    """

    def __init__(
        self, now: Callable[[], datetime] = lambda: datetime.now(UTC), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._now = now
        self._clock = clock
        self._late_at = float("-inf")
        self._batches: deque[tuple[float, int]] = deque()

    def took_in(self, events: Sequence[object]) -> None:
        """Take note of events that were handled; those that tell no ``received_at`` only count."""
        self._batches.append((self._clock(), len(events)))
        self._forget()
        received = [at for event in events if isinstance(at := getattr(event, "received_at", None), datetime)]
        if received:
            late = (self._now() - max(received)).total_seconds() > LATE_SECONDS
            self._late_at = self._clock() if late else float("-inf")

    @property
    def late(self) -> bool:
        """Whether late events came in within the last second; when none come any more, nothing is late."""
        return self._clock() - self._late_at < RECENT_SECONDS

    @property
    def streaming(self) -> bool:
        """Whether events came in at 300 a second or more, over the last two seconds."""
        self._forget()
        return sum(count for _, count in self._batches) >= STREAM_PER_SECOND * STREAM_SECONDS

    def _forget(self) -> None:
        since = self._clock() - STREAM_SECONDS
        while self._batches and self._batches[0][0] <= since:
            self._batches.popleft()
