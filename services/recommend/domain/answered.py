"""What a dealer answered, and for how long that is respected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from services.recommend.domain.actions import PURCHASES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from services.recommend.domain.advice import Advice, Identity

REST = timedelta(days=14)
"""An answered call is not made again for a fortnight: two weekly stock meetings, and time to carry it out."""
OUTGROWN = 2.0
_LEAST_VALUE = 75.0
"""Below this a value may double from one day to the next for no reason that anybody would see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The newest answer to a piece of advice of ``value``; ``answered_at`` is aware.

    ``declined``: or else it was accepted, as it was or modified. ``done``: it was carried out since. Of a purchase,
    ``quantity`` is what was agreed to, ``inbound`` what was on the way to its shelf at that time, and ``arrived``
    what has come to its shelf since, however it has fared.
    """

    recommendation_id: str
    identity: Identity
    decision: str
    reason: str | None
    value: float
    answered_at: datetime
    declined: bool
    done: bool = False
    label: str = ""
    quantity: int | None = None
    inbound: int = 0
    arrived: int = 0

    def rests(self, fresh: Advice, now: datetime) -> bool:
        """Tell whether the same call is not to be made again yet: unless it has come to be worth twice as much."""
        outgrown = fresh.value >= OUTGROWN * max(self.value, _LEAST_VALUE)
        free = self.done and not self.declined
        return not (free or outgrown or fresh.clash) and now < self.answered_at + REST

    @property
    def buys(self) -> bool:
        """Tell whether it agrees to bring cars in."""
        return self.identity[1] in PURCHASES and not self.declined and bool(self.quantity)


def newest_answers(answers: Iterable[Answer]) -> dict[Identity, Answer]:
    """Give the newest answer to each call, whichever piece of advice it was given to."""
    ordered = sorted(answers, key=lambda each: (each.answered_at, each.recommendation_id))
    return {each.identity: each for each in ordered}
