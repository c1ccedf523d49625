"""How much of what is given up a worker takes on in a turn: much while it heals, hardly anything while it fails."""

import time
from collections.abc import Callable

TURN_SECONDS = 0.5
"""How long a turn goes on with what is given up; the try that is under way then is its last. What is sound may wait
for that."""
RESTS = 10.0
"""How many times as long as a try of it failed a worker then leaves what is given up alone: what cannot succeed takes
about a tenth of its time at most, however often it is marked."""
REST_SECONDS = 3600.0
"""It rests no longer than this: as long as what is given up waits anyway."""


class GivenUpShare:
    """How many given-up items a worker may claim in its next turn.

    One at first and after a failure, twice as many as those that a turn has healed, and up to ``most``. Each worker
    has its own and forgets it when it ends, which costs one try.
    """

    def __init__(self, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._size = 1
        self._rests_until = float("-inf")

    @property
    def size(self) -> int:
        """How many may be claimed now: none for a while after one failed."""
        return self._size if self._clock() >= self._rests_until else 0

    def succeeded(self, items: int, seconds: float) -> None:
        """Note that all the ``items`` that a turn tried succeeded, within these seconds."""
        self._size = min(2 * items, self._most) if seconds <= TURN_SECONDS else max(1, items // 2)

    def failed(self, seconds: float) -> None:
        """Note that a try failed, which took these seconds."""
        self._rest(min(RESTS * seconds, REST_SECONDS))

    def postponed(self, seconds: float, took: float = 0.0) -> None:
        """Note that there is no use in it for these seconds, or for longer after a try that took long to find out."""
        self._rest(max(seconds, min(RESTS * took, REST_SECONDS)))

    def _rest(self, seconds: float) -> None:
        self._size = 1
        self._rests_until = self._clock() + seconds
