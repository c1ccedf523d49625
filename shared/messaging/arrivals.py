"""How events arrive here, so that computing steps back while the system catches up or has its hands full."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from shared.messaging.kafka_settings import STREAM_PER_SECOND

LATE_SECONDS = 2.0
"""From a dealer's report to here. Even a busy system that keeps up needs less than half of it."""
RECENT_SECONDS = 1.0
STREAM_SECONDS = 2.0


class Arrivals:
    """Whether the events that a service takes in just now are late, and how hard they stream in.

    Late is told from the gateway's receipt of the report on. What is computed from late events would be out of date
    by the time it is published; what is computed in a stream soon is, and the sooner the more events come. Both take
    the processor and the database away from those who take events in. Time stands still here for as long as a batch
    is being taken in: a database that is slow just then is no sign that nothing comes.
    """

    def __init__(
        self,
        *,
        stream_per_second: float = STREAM_PER_SECOND,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream_per_second
        self._now = now
        self._clock = clock
        self._late_at = float("-inf")
        self._batches: deque[tuple[float, int]] = deque()
        self._began: float | None = None

    @contextlib.contextmanager
    def taking_in(self) -> Iterator[None]:
        """Take in a batch until the block ends."""
        self._began = self._clock()
        try:
            yield
        finally:
            self._began = None

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
        return self._time() - self._late_at < RECENT_SECONDS

    @property
    def pressure(self) -> float:
        """How many times ``stream_per_second`` came in over the last two seconds; 0 for less, and where that is 0."""
        self._forget()
        per_second = sum(count for _, count in self._batches) / STREAM_SECONDS
        return per_second / self._stream if 0 < self._stream <= per_second else 0.0

    def _forget(self) -> None:
        since = self._time() - STREAM_SECONDS
        while self._batches and self._batches[0][0] <= since:
            self._batches.popleft()

    def _time(self) -> float:
        return self._clock() if self._began is None else self._began
