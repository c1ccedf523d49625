"""When a consumer counts as standing still: not on idle topics, not over a long batch, not while a group rejoins."""

from collections.abc import Mapping

from shared.observability import ConsumerSnapshot

STANDSTILL_SECONDS = 90.0
"""Longer than a request may go unanswered (40 s), and than a group may take to rejoin (45 s)."""
HEARD_SECONDS = 5.0
"""A broker that has nothing says so in time, which is as long as a fetch may wait, and then some."""


class Standstill:
    """Follows one consumer; show it to ``look`` every ``every`` seconds.

    Only time that was watched counts: a process that was frozen finds its consumer as it left it.
    """

    def __init__(
        self, *, every: float, after: float = STANDSTILL_SECONDS, heard_within: float = HEARD_SECONDS
    ) -> None:
        self._most = 2 * every
        self._heard_within = heard_within
        self._after = after
        self._positions: Mapping[str, int] = {}
        self._looked_at: float | None = None
        self._still = 0.0
        self.well = False
        """Whether it took in, or had nothing to take in, when last looked at."""

    def look(self, snapshot: ConsumerSnapshot, now: float, *, at_work: bool) -> str | None:
        """Give why the consumer is to be started anew, or None; ``now`` is in seconds of a monotonic clock."""
        passed = 0.0 if self._looked_at is None else min(now - self._looked_at, self._most)
        self._looked_at = now
        positions = {name: partition.position for name, partition in snapshot.partitions.items()}
        moved, self._positions = positions != self._positions, positions
        wrong = snapshot.failure or (None if at_work else self._wrong(snapshot, moved=moved))
        self.well = wrong is None
        if snapshot.failure is not None:
            return snapshot.failure
        if wrong is None:
            self.begin()
            return None
        self._still += passed
        return f"{wrong} for {self._still:.0f} s" if self._still >= self._after else None

    def begin(self) -> None:
        """Be as patient as with a consumer that has just begun."""
        self._still = 0.0

    def _wrong(self, snapshot: ConsumerSnapshot, *, moved: bool) -> str | None:
        if not snapshot.running:
            return "not running"
        if not snapshot.joined:
            return "not in its group"
        if not snapshot.assigned:
            return None  # the partitions are all with others
        if snapshot.polled_seconds_ago is None or snapshot.polled_seconds_ago > self._heard_within:
            return "nothing heard from the broker"
        if snapshot.lag and not moved:
            return f"{snapshot.lag} records ahead and none taken in"
        return None
