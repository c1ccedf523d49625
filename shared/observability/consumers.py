"""Judge whether a consumer lives, by what it does and not by whether the broker answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

Verdict = Literal["ok", "waiting", "dead"]


@dataclass(frozen=True, slots=True)
class PartitionProgress:
    """Where a consumer stands in a partition: the next offset it reads, and how many records lie ahead."""

    position: int
    lag: int


@dataclass(frozen=True, slots=True)
class ConsumerSnapshot:
    """What a consumer says of itself at one moment.

    `failure` is why it can never go on, such as a background task that died; `joined` is whether its group
    gave it its share, which may be no partition at all; `partitions` are those it reads and has not paused;
    `heard` is the age in seconds of the broker's latest answer about each that it was assigned and has not paused,
    None before the first. `salvaged` counts what it newly took in out of batches that it could not take in whole,
    while its positions stayed; `away` is whether its broker did not answer when last asked, and `leaderless` are the
    partitions that had no leader then.
    """

    running: bool
    joined: bool
    partitions: Mapping[str, PartitionProgress] = field(default_factory=dict)
    assigned: tuple[str, ...] = ()
    unknown_topics: tuple[str, ...] = ()
    heard: Mapping[str, float | None] = field(default_factory=dict)
    salvaged: int = 0
    away: bool = False
    leaderless: frozenset[str] = frozenset()
    failure: str | None = None

    @property
    def lag(self) -> int:
        """How many records it is behind over all partitions."""
        return sum(partition.lag for partition in self.partitions.values())

    @property
    def readable(self) -> Mapping[str, float | None]:
        """What was `heard`, of the partitions that have a leader as far as is known."""
        return {name: age for name, age in self.heard.items() if name not in self.leaderless}

    @property
    def heard_seconds_ago(self) -> float | None:
        """The age of the oldest of the broker's latest answers about its partitions, where there are any."""
        return max((age for age in self.readable.values() if age is not None), default=None)


class ConsumerProbe(Protocol):
    """Looks at one consumer."""

    @property
    def name(self) -> str:
        """Which consumer, as operators know it."""

    def observe(self) -> ConsumerSnapshot:
        """Say how the consumer is, without waiting for anything."""


@dataclass(frozen=True, slots=True)
class ConsumerPatience:
    """For how many seconds a consumer may be without its group, or stand still with records ahead of it."""

    rejoin_seconds: float = 300.0
    stuck_seconds: float = 300.0


class ConsumerWatch:
    """Follows one consumer over time; observe it every few seconds, for it only knows what it was shown.

    Progress is a position beyond every earlier one: a consumer that goes back and forth over a record it
    cannot handle stands still. A lag that does not move counts as much as one that grows, since the client
    asks for no new records while it holds some that nobody takes. Where the broker does not answer, or a partition
    has no leader, nothing is held against the consumer.
    """

    def __init__(self, patience: ConsumerPatience) -> None:
        """Follow a consumer that nothing is known of yet."""
        self._patience = patience
        self._apart_since: float | None = None
        self._furthest: dict[str, int] = {}
        self._still_since: dict[str, float] = {}
        self._salvaged = 0

    def judge(self, snapshot: ConsumerSnapshot, now: float) -> tuple[Verdict, str]:
        """Give the verdict and its reason at `now`, in seconds of a monotonic clock."""
        self._follow(snapshot, now)
        if snapshot.failure is not None:
            return "dead", snapshot.failure
        if not (snapshot.running and snapshot.joined):
            return self._apart(snapshot, now)
        self._apart_since = None
        if not snapshot.assigned:
            if snapshot.unknown_topics:
                return "waiting", f"no such topic: {', '.join(snapshot.unknown_topics)}"
            return "ok", "spare: the group's partitions are all with other members"
        for partition, since in sorted(self._still_since.items()):
            still = now - since
            if not snapshot.away and still >= self._patience.stuck_seconds:
                lag = snapshot.partitions[partition].lag
                return "dead", f"{partition} stands still for {still:.0f} s with {lag} records ahead"
        return "ok", _described(snapshot)

    def _apart(self, snapshot: ConsumerSnapshot, now: float) -> tuple[Verdict, str]:
        what = "not in its group" if snapshot.running else "not running"
        if snapshot.away:
            self._apart_since = None
            return "waiting", f"{what}, and the broker does not answer"
        if self._apart_since is None:
            self._apart_since = now
        apart = now - self._apart_since
        return "dead" if apart >= self._patience.rejoin_seconds else "waiting", f"{what} for {apart:.0f} s"

    def _follow(self, snapshot: ConsumerSnapshot, now: float) -> None:
        # A partition that went away and came back starts anew: its position may rightly be an earlier one.
        self._furthest = {key: at for key, at in self._furthest.items() if key in snapshot.partitions}
        self._still_since = {key: at for key, at in self._still_since.items() if key in snapshot.partitions}
        if snapshot.salvaged > self._salvaged:  # one batch at a time is taken in, of all partitions
            self._still_since.clear()
        self._salvaged = snapshot.salvaged
        for key, partition in snapshot.partitions.items():
            furthest = self._furthest.get(key, -1)
            self._furthest[key] = max(furthest, partition.position)
            if partition.lag == 0 or partition.position > furthest or key in snapshot.leaderless:
                self._still_since.pop(key, None)
            else:
                self._still_since.setdefault(key, now)


def _described(snapshot: ConsumerSnapshot) -> str:
    text = f"{len(snapshot.assigned)} partitions, {snapshot.lag} records behind"
    if without := sorted(snapshot.leaderless.intersection(snapshot.assigned)):
        text = f"{text}, no leader of {', '.join(without)}"
    if snapshot.heard_seconds_ago is None:
        return text
    return f"{text}, heard of {snapshot.heard_seconds_ago:.1f} s ago"
