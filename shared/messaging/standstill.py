"""When a consumer counts as standing still: not on idle topics, not over a long batch, not while a group rejoins."""

from collections.abc import Mapping

from shared.observability import ConsumerSnapshot

STANDSTILL_SECONDS = 90.0
"""Longer than a request may go unanswered (40 s), and than a group may take to rejoin (45 s)."""
HEARD_SECONDS = 5.0
"""A broker that has nothing says so in time, which is as long as a fetch may wait, and then some."""


class Standstill:
    """Follows one consumer, as a whole and each of its partitions; show it to ``look`` every ``every`` seconds.

    Only time that was watched counts: a process that was frozen finds its consumer as it left it. Nor does the time
    of a batch count, but a partition that stands still between batches does so, however well the others do.
    Partitions that are known to have no leader are left out.
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
        self._stills: dict[str, float] = {}
        self._doubts: dict[str, float] = {}
        self.still: tuple[str, ...] = ()
        """The partitions that stood still for too long when last looked at; none where it is out of its group."""
        self.well = False
        """Whether it took in, or had nothing to take in, when last looked at."""

    @property
    def doubtful(self) -> tuple[str, ...]:
        """The partitions that stood still as long, the time of batches included, which may be none of their doing."""
        return tuple(name for name in sorted(self._doubts) if self._doubts[name] >= self._after)

    def look(self, snapshot: ConsumerSnapshot, now: float, *, at_work: bool) -> str | None:
        """Give why the consumer is to be started anew, or None; ``now`` is in seconds of a monotonic clock."""
        passed = 0.0 if self._looked_at is None else min(now - self._looked_at, self._most)
        self._looked_at = now
        wrongs = self._follow(snapshot, passed, at_work=at_work)
        wrong = None if at_work else _as_a_whole(snapshot, wrongs)
        self.still = ()
        self.well = snapshot.failure is None and (at_work or not (wrong or wrongs))
        if snapshot.failure is not None:
            return snapshot.failure
        self._still = 0.0 if wrong is None else self._still + passed
        if wrong is not None and self._still >= self._after:
            self.still = tuple(sorted(wrongs))
            return f"{wrong} for {self._still:.0f} s"
        self.still = tuple(name for name in sorted(wrongs) if self._stills[name] >= self._after)
        if at_work or not self.still:
            return None
        first = self.still[0]
        return f"{first}: {wrongs[first]} for {self._stills[first]:.0f} s"

    def begin(self) -> None:
        """Be as patient as with a consumer that has just begun."""
        self._still = 0.0
        self._stills = {}
        self._doubts = {}
        self.still = ()

    def _follow(self, snapshot: ConsumerSnapshot, passed: float, *, at_work: bool) -> dict[str, str]:
        """Count for how long each partition has stood still; gives what is wrong with those that do."""
        if not (snapshot.running and snapshot.joined):
            return {}  # what it was assigned is not read, rightly
        positions = {name: partition.position for name, partition in snapshot.partitions.items()}
        before, self._positions = self._positions, positions
        wrongs = {}
        for name, age in snapshot.readable.items():
            moved = name in positions and positions[name] != before.get(name)
            if wrong := None if moved else self._wrong(snapshot, name, age):
                wrongs[name] = wrong
        counted = 0.0 if at_work else passed
        self._stills = {name: self._stills.get(name, 0.0) + counted for name in wrongs}
        self._doubts = {name: self._doubts.get(name, 0.0) + passed for name in wrongs}
        return wrongs

    def _wrong(self, snapshot: ConsumerSnapshot, name: str, age: float | None) -> str | None:
        if age is None or age > self._heard_within:
            return "nothing heard from the broker"
        lag = snapshot.partitions[name].lag if name in snapshot.partitions else 0
        return f"{lag} records ahead and none taken in" if lag else None


def _as_a_whole(snapshot: ConsumerSnapshot, wrongs: Mapping[str, str]) -> str | None:
    if not snapshot.running:
        return "not running"
    if not snapshot.joined:
        return "not in its group"
    # Without any, they are all with others; and one that is well keeps the clock of the whole from running.
    return next(iter(wrongs.values())) if wrongs and len(wrongs) == len(snapshot.readable) else None
