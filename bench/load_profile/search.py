"""The highest rate that holds, closed in on from both sides."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_RATE = 1_000.0
STEP_UP = 1.6
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
    inside = floor * CLOSE_ENOUGH**0.5 < guess < ceiling / CLOSE_ENOUGH**0.5
    tried_there = any(math.isclose(each.rate, guess, rel_tol=0.02) for each in tried)
    return guess if inside and not tried_there else math.sqrt(floor * ceiling)


def highest_held(tried: Sequence[Tried]) -> float:
    """Give the highest rate that held below every rate that did not; nought when none did."""
    ceiling = min((each.rate for each in tried if not each.holds), default=math.inf)
    return max((each.rate for each in tried if each.holds and each.rate < ceiling), default=0.0)
