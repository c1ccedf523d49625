"""Why a policy moved, in words a dealer reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.feedback.domain.advice import Parameters
    from services.feedback.domain.learning import Sums


def reason_for(previous: Parameters, parameters: Parameters, own: Sums) -> str:
    """Say what was seen at the rooftop and which parameter moved from what to what; local currency."""
    sentences = []
    if parameters.hazard_scale != previous.hazard_scale:
        sentences.append(
            f"{_count(own.sales, 'vehicle')} under advice sold where {own.expected_sales:.1f} were expected, "
            f"so the chance of sale is scaled by {parameters.hazard_scale:.2f} "
            f"instead of {previous.hazard_scale:.2f}."
        )
    if parameters.gross_bias != previous.gross_bias:
        side = "above" if own.gross_error >= 0 else "below"
        sentences.append(
            f"Front gross of {_count(own.gross_errors, 'followed sale')} came out "
            f"{abs(own.gross_error):,.0f} on average {side} the uncorrected expectation, so expected gross "
            f"is corrected by {parameters.gross_bias:+,.0f} instead of {previous.gross_bias:+,.0f}."
        )
    if parameters.demand_scale != previous.demand_scale:
        sentences.append(
            f"Over {_count(own.demand.weeks, 'week')} {own.demand.sales:.0f} vehicles sold where "
            f"{own.demand.forecast:.1f} were forecast, so demand is scaled by "
            f"{parameters.demand_scale:.2f} instead of {previous.demand_scale:.2f}."
        )
    sentences.append("Each figure is weighed against the group's other rooftops and moves a bounded step at a time.")
    return " ".join(sentences)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
