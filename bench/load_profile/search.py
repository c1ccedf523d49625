"""The highest rate that holds, closed in on from both sides."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_RATE = 1_000.0
STEP_UP = 2.0
CLOSE_ENOUGH = 1.08
"""The highest rate that held and the lowest that did not need not be nearer than this ratio."""


class Tried(Protocol):
    """A rate, whether it held, and what was worked off a second meanwhile."""

    @property
    def rate(self) -> float:
        """Events a second that were sent."""

    @property
    def holds(self) -> bool:
        """Whether nothing piled up."""

    @property
    def capacity(self) -> float:
        """Events a second that were worked off."""


def next_rate(tried: Sequence[Tried]) -> float | None:
    """Choose the rate to try next; None when the bounds are close enough.

    What an overloaded system works off tells where to look; where the bounds contradict that, the geometric
    middle between them is tried.
    """
    if not tried:
        return FIRST_RATE
    failed = [each for each in tried if not each.holds]
    ceiling = min((each.rate for each in failed), default=math.inf)
    floor = max((each.rate for each in tried if each.holds and each.rate < ceiling), default=0.0)
    if not failed:
        return floor * STEP_UP
    guess = 0.95 * max(each.capacity for each in failed)
    if not floor:
        return min(max(guess, ceiling / 4), ceiling / CLOSE_ENOUGH)
    if ceiling <= floor * CLOSE_ENOUGH:
        return None
    if floor < guess < ceiling:
        return guess
    above = floor * CLOSE_ENOUGH
    # A rate that was worked off already holds; if the next one above does not, the search is over.
    return above if guess <= floor and above < ceiling and not _close(above, tried) else math.sqrt(floor * ceiling)


def _close(rate: float, tried: Sequence[Tried]) -> bool:
    return any(math.isclose(each.rate, rate, rel_tol=0.01) for each in tried)


def highest_held(tried: Sequence[Tried]) -> float:
    """Give the highest rate that held below every rate that did not; nought when none did."""
    ceiling = min((each.rate for each in tried if not each.holds), default=math.inf)
    return max((each.rate for each in tried if each.holds and each.rate < ceiling), default=0.0)
