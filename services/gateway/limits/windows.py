"""Sliding windows: how much of a rate is used, and when there is room again.

Two neighbouring windows are counted; the earlier one counts in proportion to how much of it is still within
the time that the rate speaks of. That takes two numbers a client, however high the rate.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from limits.aio.storage import MemoryStorage


@dataclass(frozen=True, slots=True)
class Window:
    """How a counter stands: ``left`` are the seconds until the current window ends."""

    limit: int
    seconds: float
    previous: int
    current: int
    left: float

    @property
    def used(self) -> float:
        """How many requests count at this moment."""
        return self.previous * self.left / self.seconds + self.current

    @property
    def remaining(self) -> int:
        """How many requests more are let in at this moment."""
        return max(0, self.limit - math.floor(self.used))

    @property
    def wait(self) -> int:
        """Whole seconds until one more request is let in, at least one where none is now."""
        if self.remaining:
            return 0
        if self.current < self.limit:
            # The earlier window fades until its share leaves room for one.
            fades = self.left - (self.limit - self.current) * self.seconds / self.previous
        else:
            # The current window has to end, and then to fade itself.
            fades = self.left + self.seconds - self.limit * self.seconds / self.current
        return max(1, math.floor(fades) + 1)  # at the very moment there is no room yet


class BoundedMemory(MemoryStorage):
    """Counters of this process: a fixed number at most, each hit in constant time.

    The library's own memory storage walks every counter after every hit, so that whoever brings many
    addresses makes each request dearer than the last.
    """

    STORAGE_SCHEME = ["async+bounded"]  # noqa: RUF012  # the library's registry reads a list

    def __init__(self, most: int, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._most = most
        self._clock = clock
        self._counters: OrderedDict[str, list[int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counters)

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count ``amount`` requests if the window has room for them; what is refused is not counted."""
        now = self._clock()
        counter = self._turned(key, int(now / expiry))
        weighted = counter[1] * (1 - now / expiry % 1) + counter[2]
        if math.floor(weighted) + amount > limit:
            return False
        counter[2] += amount
        return True

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Give the earlier window's count and the seconds it still weighs, and the same of the current one."""
        now = self._clock()
        _, previous, current = self._turned(key, int(now / expiry))
        left = (1 - now / expiry % 1) * expiry
        return previous, left if previous else 0.0, current, left + expiry

    async def clear_sliding_window(self, key: str, expiry: int) -> None:  # noqa: ARG002  # the library's signature
        """Forget a counter."""
        self._counters.pop(key, None)

    def _turned(self, key: str, number: int) -> list[int]:
        """Find a counter (number of its window, earlier count, current count), turned to the present window."""
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = [number, 0, 0]
            if len(self._counters) > self._most:
                self._counters.popitem(last=False)
            return counter
        self._counters.move_to_end(key)
        if counter[0] != number:
            counter[1] = counter[2] if counter[0] == number - 1 else 0
            counter[0], counter[2] = number, 0
        return counter
