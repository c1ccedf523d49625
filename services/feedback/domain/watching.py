"""What became of a subject within a fixed number of days from the first advice on it, whatever was done.

Outcomes of single pieces of advice cannot be compared with each other fairly: one that is followed is watched for
longer than one that is not, and a vehicle that does not sell never gets a value. So each subject is watched once,
for equally long: a vehicle for 60 days from the first advice on it, a segment at a rooftop for 120 days from the
first advice to buy within a half-year.

    a vehicle, sold within the window after d days: gross - holding * d - net expected of doing nothing
    a vehicle still there: - holding * 60; it is worth then what it was, and has cost its days
    either, where it was moved as advised within the window: less the transport
    gross is front gross with the back gross expected of a retail sale, or what the lane pays less its fee
    a shelf: gross of what it sold within the window - holding * the days that its vehicles stood in it

Both depend on nothing but the advice and what happened, the same way for advice that was shown and for advice that
was held out. So the difference of their means is what showing advice brings, as far as it shows within the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.feedback.domain.advice import Action, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.feedback.domain.advice import Advice, Happening

UNIT_DAYS = 60
SHELF_DAYS = 120
_SUMMER = 7


@dataclass(frozen=True, slots=True)
class ShelfStay:
    """A vehicle's days on a shelf; ``came`` and ``gone`` None where unknown or still there, gross where it sold.

    ``retailed`` where that was a retail sale and not one in the lane.
    """

    came: date | None
    gone: date | None
    gross: float | None
    retailed: bool = True


def subject_of(action: Action, vehicle_key: str | None, segment: str, on: date) -> str | None:
    """Name what advice issued on a day would watch; None where its window would reach into another draw.

    Whether advice is held out is drawn once for a vehicle, and once for a segment at a rooftop in each half of a
    year: a window that reached into the next half could be of both.
    """
    if vehicle_key is not None:
        return vehicle_key
    if not action.stocks:
        return None
    half = 1 if on.month < _SUMMER else 2
    end = date(on.year, _SUMMER, 1) if half == 1 else date(on.year + 1, 1, 1)
    return f"{segment} {on.year}H{half}" if on + timedelta(days=SHELF_DAYS) <= end else None


def days_watched(action: Action) -> int:
    """Give the length of the window of advice."""
    return SHELF_DAYS if action.stocks else UNIT_DAYS


def unit_result(advice: Advice, happening: Happening) -> float | None:
    """Give what a vehicle brought within its window over what doing nothing was expected to net; see above.

    One that left without a known gross counts as having brought what was expected. None where the advice does not
    tell what doing nothing would net.
    """
    nothing, holding = advice.baseline_net, advice.holding_cost_per_day
    if nothing is None or holding is None:
        return None
    end, move = happening.ending, happening.transfer
    over = advice.issued_on + timedelta(days=UNIT_DAYS)
    moved = advice.action is Action.TRANSFER and move is not None and advice.issued_on <= move.on <= over
    if end is None or end.on > over:
        return -holding * UNIT_DAYS - (advice.upfront_cost if moved else 0.0)
    paid = advice.upfront_cost if moved else 0.0
    held = holding * max(0, (end.on - advice.issued_on).days)
    if end.gross is None or end.kind not in (Kind.SOLD, Kind.WHOLESALED):
        return -held - paid
    return advice.brought(end.gross, retailed=end.kind is Kind.SOLD, moved=moved) - nothing - held - paid


def shelf_result(advice: Advice, stays: Iterable[ShelfStay]) -> float | None:
    """Give what a shelf earned within the window of advice to buy for it; None without a holding cost."""
    if advice.holding_cost_per_day is None:
        return None
    begin, end = advice.issued_on, advice.issued_on + timedelta(days=SHELF_DAYS)
    earned = 0.0
    for stay in stays:
        gone = end if stay.gone is None else min(stay.gone, end)
        came = begin if stay.came is None else max(stay.came, begin)
        earned -= advice.holding_cost_per_day * max(0, (gone - came).days)
        if stay.gone is not None and begin <= stay.gone <= end:
            earned += 0.0 if stay.gross is None else advice.brought(stay.gross, retailed=stay.retailed)
    return earned


def bore_out(advice: Advice, observed: float) -> bool:
    """Tell whether advice that was not followed proved right: doing nothing brought less than it promised.

    ``observed`` is :func:`unit_result`. What was followed proves nothing here: how the same car would have fared
    otherwise is not seen, and most cars beat the *mean* of doing nothing, which a few long stays pull down.
    """
    return observed < advice.value
