"""Why a policy moved, in words a dealer reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.feedback.domain.advice import Parameters
    from services.feedback.domain.learning import Evidence


def reason_for(previous: Parameters, parameters: Parameters, own: Evidence) -> str:
    """Say what was seen at the rooftop and which parameter moved from what to what; local currency."""
    seen, sentences = own.lessons, []
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
    if parameters.wholesale_discount != previous.wholesale_discount:
        sentences.append(
            f"{_count(seen.wholesales, 'vehicle')} sent to the lane brought "
            f"{_mean(seen.wholesale_discount, seen.wholesales):.1%} under the market before the fee, so the lane is "
            f"taken to pay {parameters.wholesale_discount:.1%} under it instead of {previous.wholesale_discount:.1%}."
        )
    for name, cars, days, arrivals in (
        ("lead_days_new", "ordered", seen.lead_days_new, seen.arrivals_new),
        ("lead_days_used", "bought", seen.lead_days_used, seen.arrivals_used),
    ):
        before, after = getattr(previous, name), getattr(parameters, name)
        if before != after:
            sentences.append(
                f"{_count(arrivals, 'vehicle')} {cars} on advice came in after {_mean(days, arrivals):.0f} days on "
                f"average, so {after:.0f} days are planned with instead of {before:.0f}."
            )
    sentences.append("Each figure is weighed against the group's other rooftops and moves a bounded step at a time.")
    return " ".join(sentences)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _mean(total: float, count: int) -> float:
    return total / count if count else 0.0
