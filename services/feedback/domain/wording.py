"""Why a policy moved, in words a dealer reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.feedback.domain.advice import Action

if TYPE_CHECKING:
    from services.feedback.domain.advice import Parameters
    from services.feedback.domain.evidence import Evidence

_SISTERS = "The group's other rooftops"


def reason_for(previous: Parameters, parameters: Parameters, own: Evidence) -> str:
    """Say what was seen at the rooftop and which parameter moved from what to what; local currency."""
    sentences = [
        *_scales(previous, parameters, own),
        *_lane(previous, parameters, own),
        *_lead_days(previous, parameters, own),
        *_confidence(previous, parameters, own),
        "Each figure is weighed against the group's other rooftops and moves a bounded step at a time.",
    ]
    return " ".join(sentences)


def _scales(previous: Parameters, parameters: Parameters, own: Evidence) -> list[str]:
    seen, sentences = own.together, []
    if parameters.hazard_scale != previous.hazard_scale:
        sentences.append(
            f"{_count(seen.sales, 'vehicle')} under advice sold where {own.expected_sales:.1f} were expected, "
            f"so the chance of sale is scaled by {parameters.hazard_scale:.2f} "
            f"instead of {previous.hazard_scale:.2f}."
        )
    if parameters.gross_bias != previous.gross_bias:
        error = seen.gross_error / seen.gross_errors if seen.gross_errors else 0.0
        sentences.append(
            f"Front gross of {_count(seen.gross_errors, 'followed sale')} came out "
            f"{abs(error):,.0f} on average {'above' if error >= 0 else 'below'} the uncorrected expectation, so "
            f"expected gross is corrected by {parameters.gross_bias:+,.0f} instead of {previous.gross_bias:+,.0f}."
        )
    if parameters.demand_scale != previous.demand_scale:
        sentences.append(
            f"Over {_count(own.demand.weeks, 'week')} {own.demand.sales:.0f} vehicles sold where "
            f"{own.demand.forecast:.1f} were forecast, so demand is scaled by "
            f"{parameters.demand_scale:.2f} instead of {previous.demand_scale:.2f}."
        )
    return sentences


def _lane(previous: Parameters, parameters: Parameters, own: Evidence) -> list[str]:
    if parameters.wholesale_discount == previous.wholesale_discount:
        return []
    lane = own.of(Action.WHOLESALE)
    seen = f"{_SISTERS} show it"
    if lane.wholesales:
        under = lane.discount / lane.wholesales
        seen = (
            f"{_count(lane.wholesales, 'vehicle')} sent to the lane brought {under:.1%} under the market before fees"
        )
    before, after = previous.wholesale_discount, parameters.wholesale_discount
    return [f"{seen}, so the lane is taken to pay {after:.1%} less than the market instead of {before:.1%}."]


def _lead_days(previous: Parameters, parameters: Parameters, own: Evidence) -> list[str]:
    sentences = []
    for before, after, action, verb in (
        (previous.lead_days_new, parameters.lead_days_new, Action.ORDER, "ordered"),
        (previous.lead_days_used, parameters.lead_days_used, Action.ACQUIRE, "bought"),
    ):
        if before == after:
            continue
        lesson, seen = own.of(action), f"{_SISTERS} show it"
        if lesson.arrivals:
            days = lesson.lead_days / lesson.arrivals
            seen = f"{_count(lesson.arrivals, 'vehicle')} {verb} on advice came in after {days:.0f} days on average"
        sentences.append(f"{seen}, so {after:.0f} days are planned with instead of {before:.0f}.")
    return sentences


def _confidence(previous: Parameters, parameters: Parameters, own: Evidence) -> list[str]:
    sentences = []
    for before, after, action in (
        (previous.confidence_reprice, parameters.confidence_reprice, Action.REPRICE),
        (previous.confidence_transfer, parameters.confidence_transfer, Action.TRANSFER),
        (previous.confidence_wholesale, parameters.confidence_wholesale, Action.WHOLESALE),
    ):
        if before == after:
            continue
        lesson, seen = own.of(action), f"{_SISTERS} show it"
        if lesson.calls:
            seen = (
                f"{lesson.right} of {_count(lesson.calls, f'{action} call')} proved right where "
                f"{lesson.claimed:.0f} were claimed"
            )
        sentences.append(f"{seen}, so confidence in such advice is told {'higher' if after > before else 'lower'}.")
    return sentences


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
