"""Keeping a vehicle's stays: one per visit to a rooftop, corrected while it lasts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from services.forecast.domain.configuration import OTHER, Configuration

if TYPE_CHECKING:
    from collections.abc import Sequence
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


def revisit(visits: Sequence[Visit], now: Visit, *, over: bool = False) -> tuple[Visit, ...]:
    """Fold a state of a vehicle into its stays, in the order in which they happened.

    A state at another rooftop ends the stay before it; one at the same rooftop corrects its stay, or begins
    a new one where the vehicle had left and was stocked again later. A state that is over is of a stay that another
    followed, and so is one that is older than what another rooftop told: those are read side by side.
    """
    if not visits:
        return (now,)
    *past, last = visits
    elsewhere = now.dealer_id != last.dealer_id
    if over or (elsewhere and now.version < last.version):
        return _earlier(visits, now)
    if now.version <= last.version:
        return tuple(visits)
    if elsewhere:
        ended = last if last.left is not None else replace(last, left=now.stocked, sold=False)
        return (*past, ended, now)
    came_back = last.left is not None and now.stocked is not None and now.stocked > last.left
    # What had ended at this rooftop after this stay began never ended: a sale that was undone, as is told only now.
    before = [known for known in past if not _lasted_into(known, now)]
    return (*before, last, now) if came_back else (*before, now)


def _earlier(visits: Sequence[Visit], now: Visit) -> tuple[Visit, ...]:
    """Put a stay in the place of what was known of it, or among the others where it belongs."""
    same = [n for n, known in enumerate(visits) if _is_same(known, now)]
    if any(visits[n].version >= now.version for n in same):
        return tuple(visits)
    if same:  # more than one where a sale between them was undone
        later = [known for n, known in enumerate(visits) if n > same[0] and n not in same]
        return (*visits[: same[0]], _until(now, later), *later)
    n = next((n for n, known in enumerate(visits) if _comes_after(known, now)), len(visits))
    return (*visits[:n], _until(now, visits[n:]), *visits[n:])


def _until(now: Visit, later: Sequence[Visit]) -> Visit:
    """Give a stay that did not tell its end the beginning of the next one for it."""
    return replace(now, left=later[0].stocked, sold=False) if now.left is None and later else now


def _is_same(known: Visit, now: Visit) -> bool:
    """Tell whether two states are of one stay: at one rooftop, and with days in common, or sold on the same day."""
    if known.dealer_id != now.dealer_id:
        return False
    if known.sold and now.sold and known.left == now.left:
        return True
    ends = now.left or now.stocked
    began = known.stocked is None or ends is None or known.stocked < ends
    return known.stocked == now.stocked or (
        began and (known.left is None or now.stocked is None or known.left > now.stocked)
    )


def _lasted_into(known: Visit, now: Visit) -> bool:
    """Tell whether a known stay ended after a later one at its rooftop is now said to have begun.

    After a sale that stands, the next stay begins on the day after it at the earliest.
    """
    if known.dealer_id != now.dealer_id or known.left is None or now.stocked is None:
        return False
    return known.left > now.stocked or (known.sold and known.left == now.stocked)


def _comes_after(known: Visit, now: Visit) -> bool:
    """Tell whether a known stay is later, by its end: reports still to come may correct when it began."""
    if now.left is None:
        if known.stocked is None or now.stocked is None:
            return False
        return (known.stocked, known.version) > (now.stocked, now.version)
    began, ended = known.stocked or date.min, known.left or date.max
    return (ended, began) > (now.left, now.stocked or date.min)
