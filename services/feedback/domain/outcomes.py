"""What came of advice: advice, answer and happening joined into at most one standing outcome each.

Realised value is measured as the advice's own value was, against doing nothing (of a transfer: against the best
that could have been done where the vehicle stood):

    realised value = gross - holding * days - transport - net expected of doing nothing + effects on other vehicles

Gross is front gross with the back gross that was expected of any retail sale, or what the lane paid less its fee.
What advice that was followed changed for other vehicles cannot be seen, and is taken as expected. Bringing in a
vehicle is measured against having none, which nets nothing. A vehicle still unsold has no realised value yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from services.feedback.domain.advice import Action, Decision, Ending, Happening, Kind, Parameters
from services.feedback.domain.following import Following, following_of
from services.feedback.domain.stocking import stocking_result

if TYPE_CHECKING:
    from datetime import date, datetime

    from services.feedback.domain.advice import Advice, Answer


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one piece of advice ended; money in local currency, unrounded; days from issue to ``on``.

    ``hazard_exposure`` is the number of sales to be expected over the days at risk by the hazards advised,
    and ``sales`` (0 or 1) what stands against it. A later outcome of the same recommendation replaces this
    one.
    """

    recommendation_id: str
    action: Action
    decision: Decision | None
    segment: str
    vehicle_key: str | None
    kind: Kind
    on: date
    days: int
    followed: bool
    expected_value: float
    realised_value: float | None
    expected_gross: float | None
    realised_gross: float | None
    hazard_exposure: float
    sales: int
    policy_version: int
    computed_with: Parameters = field(default_factory=Parameters)
    hazard_scaled: bool = True
    held_out: bool = False
    vehicle_keys: tuple[str, ...] = ()
    """The vehicles whose stocking this advice on a segment has claimed."""
    lead_days: tuple[int, ...] = ()
    """Days from the dealer's yes to the arrival of each of them."""
    market_price: float | None = None
    confidence: float | None = None
    """As advised."""
    call_confidence: float | None = None
    hold_out_share: float = 0.0
    observed_value: float | None = None
    """What its subject brought in the fixed window (:mod:`watching`), where this advice was the first on it."""
    bore_out: bool | None = None
    """Whether it proved right in the fixed window, where it was the first of its action on the vehicle."""


def outcome_of(advice: Advice, answer: Answer | None, happening: Happening | None, now: datetime) -> Outcome | None:
    """Tell what came of the advice as of ``now`` (aware, the rooftop's zone); None while that is open.

    Asking again gives the same outcome until something new happened. None, too, where the vehicle was gone
    before the advice was issued. Raises ValueError for a naive ``now``.
    """
    if now.tzinfo is None:
        message = "now has no time zone; pass the rooftop's"
        raise ValueError(message)
    known = happening or Happening()
    if advice.action.stocks:
        return _of_segment(advice, answer, known, now)
    if known.ending is None and known.unwound is not None and known.unwound.on >= advice.issued_on:
        undone = _of_vehicle(advice, answer, replace(known, ending=known.unwound), now)
        return _reversed(undone) if undone and undone.kind is known.unwound.kind else undone
    return _of_vehicle(advice, answer, known, now)


def exposure_so_far(advice: Advice, answer: Answer | None, happening: Happening | None, now: datetime) -> float:
    """Sum the sales expected up to ``now`` of advice on a vehicle that has no outcome yet.

    Learning needs them: sales are known at once and unsold vehicles only at expiry, so without the open
    advice every vehicle would look quicker than it is.
    """
    if advice.action.stocks or outcome_of(advice, answer, happening, now) is not None:
        return 0.0
    return _exposure(advice, following_of(advice, answer, happening or Happening(), now), now.date())


def unfollowed(advice: Advice, answer: Answer | None, on: date) -> Outcome:
    """Give the outcome of advice of which nothing came by a day, where there is none but its subject was watched."""
    return _common(advice, answer, kind=Kind.UNSOLD, on=on, days=(on - advice.issued_on).days, followed=False)


def _of_vehicle(advice: Advice, answer: Answer | None, happening: Happening, now: datetime) -> Outcome | None:
    following = following_of(advice, answer, happening, now)
    end = _end(advice, happening, following)
    if end is not None and end.on < advice.issued_on:
        return None
    if end is None or (following.credited_until is not None and end.on > following.credited_until):
        over = following.credited_until or following.at_risk_until
        return _outcome(advice, answer, following, Ending(Kind.UNSOLD, over)) if over is not None else None
    cost = advice.upfront_cost if following.followed else 0.0
    return _outcome(advice, answer, following, end, cost)


def _end(advice: Advice, happening: Happening, following: Following) -> Ending | None:
    """Give how it ended for this rooftop: a move away ends all but transfer advice."""
    move, end = happening.transfer, happening.ending
    if move is None or move.on < advice.issued_on or (end is not None and end.on < move.on):
        return end
    if following.followed and advice.action is Action.TRANSFER and end is not None:
        return end
    return Ending(Kind.TRANSFERRED, move.on)


def _outcome(advice: Advice, answer: Answer | None, following: Following, end: Ending, cost: float = 0.0) -> Outcome:
    on = max(end.on, advice.issued_on)
    days = (on - advice.issued_on).days
    at_risk = following.at_risk_until is None or on <= following.at_risk_until
    has_hazard = _baseline(advice) is not None
    return _common(
        advice,
        answer,
        kind=end.kind,
        on=on,
        days=days,
        followed=following.followed,
        realised_value=_realised(advice, following, end, days, cost),
        realised_gross=end.gross,
        hazard_exposure=_exposure(advice, following, on),
        sales=int(end.kind is Kind.SOLD and at_risk and has_hazard),
    )


def _of_segment(advice: Advice, answer: Answer | None, happening: Happening, now: datetime) -> Outcome | None:
    result = stocking_result(advice, answer, happening.stockings, now)
    if result is None:
        return None
    # Cars come in without advice, too: only where somebody said yes is what they brought the advice's.
    agreed = answer is not None and answer.decision is not Decision.DECLINED
    return _common(
        advice,
        answer,
        kind=result.kind,
        on=result.on,
        days=(result.on - advice.issued_on).days,
        followed=bool(result.vehicle_keys),
        realised_value=result.realised_value if result.vehicle_keys and agreed else None,
        realised_gross=result.gross,
        vehicle_keys=result.vehicle_keys,
        lead_days=tuple(_days_between(answer.answered_at.date(), on) for on in result.arrived)
        if answer and agreed
        else (),
    )


def _common(
    advice: Advice,
    answer: Answer | None,
    *,
    kind: Kind,
    on: date,
    days: int,
    followed: bool,
    realised_value: float | None = None,
    realised_gross: float | None = None,
    hazard_exposure: float = 0.0,
    sales: int = 0,
    vehicle_keys: tuple[str, ...] = (),
    lead_days: tuple[int, ...] = (),
) -> Outcome:
    return Outcome(
        recommendation_id=advice.recommendation_id,
        action=advice.action,
        decision=answer.decision if answer else None,
        segment=advice.segment,
        vehicle_key=advice.vehicle_key,
        kind=kind,
        on=on,
        days=days,
        followed=followed,
        expected_value=advice.value,
        realised_value=realised_value,
        expected_gross=advice.expected_gross,
        realised_gross=realised_gross,
        hazard_exposure=hazard_exposure,
        sales=sales,
        policy_version=advice.policy_version,
        computed_with=advice.computed_with,
        hazard_scaled=advice.hazard_scaled,
        held_out=advice.held_out,
        vehicle_keys=vehicle_keys,
        lead_days=lead_days,
        market_price=advice.market_price,
        confidence=advice.confidence,
        call_confidence=advice.call_confidence,
        hold_out_share=advice.hold_out_share,
    )


def _reversed(undone: Outcome) -> Outcome:
    return replace(undone, kind=Kind.REVERSED, realised_value=None, realised_gross=None, hazard_exposure=0.0, sales=0)


def _realised(advice: Advice, following: Following, end: Ending, days: int, cost: float) -> float | None:
    """Give what following it brought; what was not followed brought nothing, however well the vehicle sold."""
    if not following.followed:
        return None
    if end.kind not in (Kind.SOLD, Kind.WHOLESALED) or end.gross is None or advice.baseline_net is None:
        return None
    moved = advice.action is Action.TRANSFER
    brought = advice.brought(end.gross, retailed=end.kind is Kind.SOLD, moved=moved)
    own = brought - (advice.holding_cost_per_day or 0.0) * days - cost - advice.baseline_net
    return own + advice.effects


def _exposure(advice: Advice, following: Following, until: date) -> float:
    """Sum the daily hazards: the baseline up to the act, the advised one from then on."""
    baseline, advised = _baseline(advice), _advised(advice)
    if baseline is None or advised is None:
        return 0.0
    if following.at_risk_until is not None:
        until = min(until, following.at_risk_until)
    acted_on = following.acted_on if advice.action is Action.REPRICE else None
    if acted_on is None:
        return baseline * _days_between(advice.issued_on, until)
    before = min(acted_on, until)
    return baseline * _days_between(advice.issued_on, before) + advised * _days_between(acted_on, until)


def _advised(advice: Advice) -> float | None:
    expected = advice.expected_daily_hazard
    return advice.baseline_daily_hazard if expected is None else expected


def _baseline(advice: Advice) -> float | None:
    baseline = advice.baseline_daily_hazard
    return advice.expected_daily_hazard if baseline is None else baseline


def _days_between(start: date, end: date) -> int:
    return max(0, (end - start).days)
