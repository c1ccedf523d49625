"""Places for what is costly while it lasts: so many at once in all, and so many of them for any one client."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal


class NoPlace(Exception):
    """Every place is taken; ``whose`` says whether that is one client's own doing."""

    def __init__(self, whose: Literal["own", "all"], most: int) -> None:
        super().__init__(f"{most} places, {whose}")
        self.whose, self.most = whose, most


class Places:
    """Counts who is in; nobody waits here, since a queue of strangers is a way to fill memory."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._shares: Counter[Hashable] = Counter()

    @contextmanager
    def taken(self, shares: Mapping[Hashable, int]) -> Iterator[None]:
        """Take a place until the block ends; raises ``NoPlace``.

        ``shares``: everybody whose place it is, a group or an address, say, with how many may be theirs at once.
        """
        for client, most in shares.items():
            if self._shares[client] >= most:
                raise NoPlace("own", most)
        if self._taken >= self._most:
            raise NoPlace("all", self._most)
        self._taken += 1
        self._shares.update(shares.keys())
        try:
            yield
        finally:
            self._taken -= 1
            self._shares.subtract(shares.keys())
            for client in shares:
                if not self._shares[client]:
                    del self._shares[client]
