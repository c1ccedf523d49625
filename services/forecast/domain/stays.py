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
    """Fold a state of a vehicle into its stays, in the order in which they happened.

    A state at another rooftop ends the stay before it; one at the same rooftop corrects its stay, or begins
    a new one where the vehicle had left and was stocked again later. How an earlier stay ended may be told after
    a later one began: by a report that came late, or because rooftops are read side by side.
    """
    if not visits:
        return (now,)
    *past, last = visits
    if _is_before(now, last):
        return _earlier(visits, now)
    if now.version <= last.version:
        return tuple(visits)
    if now.dealer_id != last.dealer_id:
        ended = last if last.left is not None else replace(last, left=now.stocked, sold=False)
        return (*past, ended, now)
    came_back = last.left is not None and now.stocked is not None and now.stocked > last.left
    return (*past, last, now) if came_back else (*past, now)


def _is_before(now: Visit, later: Visit) -> bool:
    """Tell whether a state is of a stay before another one."""
    if now.stocked is None or later.stocked is None or now.stocked >= later.stocked:
        return False
    elsewhere = now.dealer_id != later.dealer_id
    if now.left is None:
        return elsewhere and now.version < later.version
    return now.left < later.stocked or (elsewhere and now.left == later.stocked)


def _earlier(visits: Sequence[Visit], now: Visit) -> tuple[Visit, ...]:
    """Put a state of an earlier stay in the place of what was known of it, or among the others where it belongs."""
    n = next(n for n, visit in enumerate(visits) if _is_before(now, visit))
    if n and _is_same(visits[n - 1], now):
        n -= 1
        known = visits[n]
        stands = now.left is None or (known.sold and known.version > now.version)
        return tuple(visits) if stands else (*visits[:n], now, *visits[n + 1 :])
    ended = now if now.left is not None else replace(now, left=visits[n].stocked, sold=False)
    return (*visits[:n], ended, *visits[n:])


def _is_same(known: Visit, now: Visit) -> bool:
    """Tell whether an earlier stay is the one that a state is of: at the rooftop, and not over when it began."""
    return known.dealer_id == now.dealer_id and (
        known.left is None or now.stocked is None or known.left >= now.stocked
    )
