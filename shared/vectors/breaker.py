"""A circuit breaker: after a few failures in a row, stop asking for a while."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class CircuitBreaker:
    """Counts failures in a row; when there are too many it admits one call a cool-down until one succeeds.

    A trial call needs no release: one that is cancelled only costs the next trial another cool-down.
    """

    def __init__(
        self, *, failures: int, cooldown_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Open after `failures` failures in a row, for `cooldown_seconds` on the given monotonic clock."""
        self._limit = failures
        self._cooldown = cooldown_seconds
        self._clock = clock
        self._failures = 0
        self._closed_until_trial = 0.0

    @property
    def is_open(self) -> bool:
        """Tell whether calls are being turned away."""
        return self._failures >= self._limit

    @property
    def seconds_to_trial(self) -> float:
        """Seconds until the next call is admitted; 0 when one would be admitted now."""
        return max(0.0, self._closed_until_trial - self._clock()) if self.is_open else 0.0

    def admit(self) -> bool:
        """Tell whether a call may be made now; a trial that is admitted takes the place of the others."""
        if not self.is_open:
            return True
        now = self._clock()
        if now < self._closed_until_trial:
            return False
        self._closed_until_trial = now + self._cooldown
        return True

    def succeeded(self) -> None:
        """Record a call that worked: the breaker closes."""
        self._failures = 0

    def failed(self) -> None:
        """Record a call that did not: the breaker opens, or stays open, once the limit is reached."""
        self._failures += 1
        if self.is_open:
            self._closed_until_trial = self._clock() + self._cooldown
