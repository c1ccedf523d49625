"""Judging a page of a rooftop's advice: pure, and run in a worker process, which parses the documents too."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from services.feedback.domain import (
    Action,
    Advice,
    Answer,
    Happening,
    Kind,
    Outcome,
    Parameters,
    ShelfStay,
    Status,
    Stocking,
    bore_out,
    days_watched,
    exposure_so_far,
    outcome_of,
    shelf_result,
    unfollowed,
    unit_result,
)
from services.feedback.translate import advice_of, answer_of, happening_of, states_of, stay_on, stored_outcome

FOLLOWED_DAYS = 180
"""Advice is followed for this long: a sale may be unwound, an order may take months to come."""
UNFOLLOWED_DAYS = 30
"""Advice that was closed without an answer and was not carried out is looked at for this long after."""
_CALLS = (Action.REPRICE, Action.TRANSFER, Action.WHOLESALE)

Arrival = tuple[str, str, date, date | None, float | None, bool, date | None]
"""Vehicle key, segment, day; day and gross of its end, and whether it was a retail sale; the day it was on order."""


@dataclass(frozen=True, slots=True)
class Row:
    """One piece of advice as stored, its documents as text."""

    recommendation_id: UUID
    status: str
    issued_at: datetime
    closed_at: datetime | None
    is_first: bool
    opens: bool
    row_version: str
    document: str
    answer: str | None
    version: int
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a rooftop's advice with what happened around it: states and stays by vehicle key and by segment."""

    now: datetime
    parameters: Mapping[int, Parameters]
    rows: tuple[Row, ...]
    states: Mapping[str, str]
    arrivals: tuple[Arrival, ...]
    claimed: Mapping[str, str]
    stays: Mapping[str, list[tuple[date | None, date | None, float | None, bool]]]


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a page: outcomes that changed (currency, version, outcome), advice to let go (id, row version)."""

    changed: tuple[tuple[str, int, Outcome], ...]
    settled: tuple[tuple[UUID, str], ...]
    open_exposure: float


def judge(page: Page) -> Judged:
    """Hold a page of advice against what happened."""
    claimed = dict(page.claimed)
    changed, settled, exposure = [], [], 0.0
    for row in page.rows:
        document = json.loads(row.document)
        used = page.parameters.get(document["policy_version"], Parameters())
        advice = advice_of(document, Status(row.status), row.issued_at, row.closed_at, used)
        answer = answer_of(json.loads(row.answer) if row.answer else None)
        happening = _happening(page, advice, claimed)
        outcome = outcome_of(advice, answer, happening, page.now)
        # A vehicle proves one piece of advice right, not two: the earliest that it came of keeps it.
        for key in outcome.vehicle_keys if outcome is not None else ():
            claimed.setdefault(key, advice.recommendation_id)
        if outcome is not None and _unseen(outcome):
            outcome = None
        if advice.hazard_scaled:
            exposure += exposure_so_far(advice, answer, happening, page.now) / used.hazard_scale
        outcome = _observed(page, row, advice, answer, happening, outcome)
        before = stored_outcome(json.loads(row.outcome)) if row.outcome else None
        if outcome is not None and outcome != before:
            changed.append((document["currency"], row.version + 1, outcome))
        if _is_settled(page.now, row, advice, answer, outcome):
            settled.append((row.recommendation_id, row.row_version))
    return Judged(tuple(changed), tuple(settled), exposure)


def _happening(page: Page, advice: Advice, claimed: Mapping[str, str]) -> Happening:
    if advice.vehicle_key:
        text = page.states.get(advice.vehicle_key)
        return happening_of(stay_on(states_of(text), advice.issued_on)) if text else Happening()
    mine = tuple(
        Stocking(key, on, gone_on, gross, retailed, ordered_on)
        for key, segment, on, gone_on, gross, retailed, ordered_on in page.arrivals
        if segment == advice.segment and claimed.get(key, advice.recommendation_id) == advice.recommendation_id
    )
    return Happening(stockings=mine)


def _observed(
    page: Page, row: Row, advice: Advice, answer: Answer | None, happening: Happening, outcome: Outcome | None
) -> Outcome | None:
    """Add what the fixed window showed, once it is over."""
    over = advice.issued_on + timedelta(days=days_watched(advice.action))
    if not (row.opens or row.is_first) or page.now.date() <= over:
        return outcome
    if advice.action.stocks:
        stays = (ShelfStay(*stay) for stay in page.stays.get(advice.segment, ()))
        value = shelf_result(advice, stays) if row.opens else None
    else:
        value = unit_result(advice, happening)
    if value is None:
        return outcome
    known = outcome or unfollowed(advice, answer, over)
    # Only where the advice was not followed is what came of it one draw of what confidence speaks of.
    judged = row.is_first and advice.action in _CALLS and known.kind is not Kind.REVERSED and not known.followed
    return replace(
        known,
        observed_value=value if row.opens else None,
        bore_out=bore_out(advice, value) if judged else None,
    )


def _unseen(outcome: Outcome) -> bool:
    """Tell whether advice came and went within a day, unanswered and undone: nobody could have followed it."""
    return outcome.kind is Kind.UNSOLD and outcome.days == 0 and outcome.decision is None and not outcome.followed


def _is_settled(now: datetime, row: Row, advice: Advice, answer: Answer | None, outcome: Outcome | None) -> bool:
    """Tell whether nothing more can come of advice."""
    if advice.issued_at < now - timedelta(days=FOLLOWED_DAYS):
        return True
    if answer is not None or advice.closed_at is None or (outcome is not None and outcome.followed):
        return False
    watched = row.opens or row.is_first
    until = advice.issued_at + timedelta(days=days_watched(advice.action) + 1) if watched else advice.closed_at
    return max(advice.closed_at, until) + timedelta(days=UNFOLLOWED_DAYS) < now
