"""Keeping a vehicle's stays: one per visit to a rooftop, corrected while it lasts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.forecast.domain.configuration import OTHER, Configuration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Visit:
    """A stay of one vehicle at one rooftop; ``version`` is that of the newest state folded into it."""

    dealer_id: UUID
    version: int
    segment: str
    label: str
    stocked: date | None
    left: date | None
    sold: bool
    configuration: Configuration = OTHER


def revisit(visits: Sequence[Visit], now: Visit) -> tuple[Visit, ...]:
    """Fold the newest state of a vehicle into its stays, in the order in which they happened.

    A state at another rooftop ends the stay before it; one at the same rooftop corrects its stay, or begins
    a new one where the vehicle had left and was stocked again later.
    """
    if not visits:
        return (now,)
    *past, last = visits
    if now.version <= last.version:
        return tuple(visits)
    if now.dealer_id != last.dealer_id:
        # Of the version that ended it, or the store would take it for what it knows already.
        ended = last if last.left is not None else replace(last, left=now.stocked, sold=False, version=now.version)
        return (*past, ended, now)
    came_back = last.left is not None and now.stocked is not None and now.stocked > last.left
    return (*past, last, now) if came_back else (*past, now)
