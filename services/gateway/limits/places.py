"""Places for what is costly while it lasts: so many at once in all, and so many of them for any one client."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Literal


class NoPlace(Exception):
    """Every place is taken; ``whose`` says whether that is one client's own doing."""

    def __init__(self, whose: Literal["own", "all"], most: int) -> None:
        super().__init__(f"{most} places, {whose}")
        self.whose, self.most = whose, most


class Places:
    """Counts who is in; nobody waits here, since a queue of strangers is a way to fill memory."""

    def __init__(self, most: int, most_each: int) -> None:
        self._most, self._most_each = most, most_each
        self._taken: Counter[Hashable] = Counter()

    @contextmanager
    def taken(self, client: Hashable) -> Iterator[None]:
        """Take a place until the block ends; raises ``NoPlace``."""
        if self._taken[client] >= self._most_each:
            raise NoPlace("own", self._most_each)
        if self._taken.total() >= self._most:
            raise NoPlace("all", self._most)
        self._taken[client] += 1
        try:
            yield
        finally:
            self._taken[client] -= 1
            if not self._taken[client]:
                del self._taken[client]
