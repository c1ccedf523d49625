"""How late events arrive here, so that computing steps back while the system catches up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

LATE_SECONDS = 2.0
"""From a dealer's report to here. Even a busy system that keeps up needs less than half of it."""
RECENT_SECONDS = 1.0


class Lateness:
    """Whether the events that a service takes in just now are late, from the gateway's receipt of the report on.

    What is computed from them would be out of date by the time it is published, and take the processor and the
    database away from those who are catching up.
    """

    def __init__(
        self, now: Callable[[], datetime] = lambda: datetime.now(UTC), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._now = now
        self._clock = clock
        self._late_at = float("-inf")

    def took_in(self, events: Iterable[object]) -> None:
        """Take note of events that were handled; those that tell no ``received_at`` tell nothing."""
        received = [at for event in events if isinstance(at := getattr(event, "received_at", None), datetime)]
        if received:
            late = (self._now() - max(received)).total_seconds() > LATE_SECONDS
            self._late_at = self._clock() if late else float("-inf")

    @property
    def late(self) -> bool:
        """Whether late events came in within the last second; when none come any more, nothing is late."""
        return self._clock() - self._late_at < RECENT_SECONDS
