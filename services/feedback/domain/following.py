"""Whether advice on a vehicle was carried out, when, and for how long it stayed in force.

A dealer may carry out advice without ever answering it: a price moved to the advised price was followed. And
one who accepts a transfer has not made it yet. So acts count before words, and words only for as long as the act
may not have been seen yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from services.feedback.domain.advice import Action, Decision, Kind, Status

if TYPE_CHECKING:
    from datetime import date, datetime

    from services.feedback.domain.advice import Advice, Answer, Happening

PRICE_TOLERANCE = 0.005
"""Dealers round to 995 and the like; a price within half a per cent of the advised one is that price."""
SEEN_WITHIN = timedelta(days=7)
"""A price that was agreed to is seen by then; where it is not, nobody moved it."""
HORIZON_DAYS = 90
"""Advice that was carried out is judged for at most this long."""


@dataclass(frozen=True, slots=True)
class Following:
    """``acted_on`` is None where the advice was not carried out or asked for nothing.

    From ``at_risk_until`` on, sales say nothing about the advice's hazard; an end after ``credited_until`` is
    not the advice's doing. Both are None while that day is still open, and both days themselves still count.
    """

    followed: bool
    acted_on: date | None
    at_risk_until: date | None
    credited_until: date | None


def following_of(advice: Advice, answer: Answer | None, happening: Happening, now: datetime) -> Following:
    """Judge one piece of advice on a vehicle as of ``now``; orders are judged by their arrivals."""
    acted_on = _acted_on(advice, answer, happening, now)
    closed = _closed_on(advice, now)
    declined = answer is not None and answer.decision is Decision.DECLINED
    horizon = advice.issued_on + timedelta(days=HORIZON_DAYS)
    stood_until = min(advice.closed_at or advice.expires_at, advice.expires_at).date()
    # What was agreed to in time may be carried out later: an auction or a lorry takes its days.
    act_by = stood_until if answer is None or declined else horizon
    if acted_on is not None and acted_on > act_by:
        acted_on = None
    if acted_on is None:
        followed = advice.action is Action.HOLD and not declined
        return Following(followed=followed, acted_on=None, at_risk_until=closed, credited_until=closed)
    credited = _overtaken_on(advice, answer, happening, acted_on)
    if credited is None and now.date() > horizon:
        credited = horizon
    if advice.action is Action.TRANSFER:
        # The other rooftop's own advice answers for the days there.
        return Following(followed=True, acted_on=acted_on, at_risk_until=acted_on, credited_until=credited)
    superseded = closed if advice.status is Status.SUPERSEDED else None
    at_risk = min((day for day in (superseded, credited) if day is not None), default=None)
    return Following(followed=True, acted_on=acted_on, at_risk_until=at_risk, credited_until=credited)


def _acted_on(advice: Advice, answer: Answer | None, happening: Happening, now: datetime) -> date | None:
    if advice.action is Action.REPRICE:
        return _repriced_on(advice, answer, happening, now)
    if advice.action is Action.TRANSFER:
        move = happening.transfer
        if move is None or move.on < advice.issued_on:
            return None
        wanted = advice.destination in (None, move.destination) or move.destination is None
        return move.on if wanted else None
    if advice.action is Action.WHOLESALE:
        end = happening.ending
        return end.on if end and end.kind is Kind.WHOLESALED and end.on >= advice.issued_on else None
    return None


def _repriced_on(advice: Advice, answer: Answer | None, happening: Happening, now: datetime) -> date | None:
    moves = [move for move in happening.price_moves if move.on >= advice.issued_on]
    followed = [move.on for move in moves if _is_wanted(advice, answer, move.price)]
    if followed:
        return min(followed)
    if moves or answer is None or answer.decision is Decision.DECLINED:
        return None
    answered, looked = answer.answered_at.date(), happening.ending.on if happening.ending else now.date()
    if looked > answered + SEEN_WITHIN:
        return None
    return answered if answer.decision is Decision.ACCEPTED or _leans(advice, answer) else None


def _is_wanted(advice: Advice, answer: Answer | None, price: float) -> bool:
    """Tell whether a price is the advised one, or the dealer's own variant of it."""
    wanted = [advice.price]
    if answer is not None and answer.decision is Decision.MODIFIED and _leans(advice, answer):
        wanted.append(answer.price)
    return any(abs(price - target) <= PRICE_TOLERANCE * target for target in wanted if target is not None)


def _leans(advice: Advice, answer: Answer) -> bool:
    """Tell whether the dealer's own price is nearer to the advised than to the old one."""
    if answer.price is None or advice.price is None or advice.current_price is None:
        return True
    return abs(answer.price - advice.price) < abs(answer.price - advice.current_price)


def _overtaken_on(advice: Advice, answer: Answer | None, happening: Happening, acted_on: date) -> date | None:
    """Give the day before a further price move took the followed price away."""
    if advice.action is not Action.REPRICE:
        return None
    later = [
        move.on for move in happening.price_moves if move.on > acted_on and not _is_wanted(advice, answer, move.price)
    ]
    return min(later) - timedelta(days=1) if later else None


def _closed_on(advice: Advice, now: datetime) -> date | None:
    """Give the last day on which the advice stood; the day of supersession is its successor's."""
    if advice.closed_at is not None:
        day = advice.closed_at.date()
        return day - timedelta(days=1) if advice.status is Status.SUPERSEDED else day
    return advice.expires_at.date() if now >= advice.expires_at else None
