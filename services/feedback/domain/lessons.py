"""What one outcome teaches, and what many teach together; sums only, so that a database can add them up.

What the parameters of the time had already corrected is taken out of each outcome first, or the learning would
undo itself with every version.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from services.feedback.domain.advice import Action, Kind

if TYPE_CHECKING:
    from services.feedback.domain.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Lessons:
    """Sums over outcomes; money in the rooftop's currency.

    ``expected_sales`` are those of the uncorrected model. ``gross_error`` is realised less expected gross over
    ``gross_errors`` sales of followed advice. ``wholesale_discount`` sums what ``wholesales`` lane sales brought
    under the market's price, as fractions of it and before the fee. ``lead_days_new`` and ``lead_days_used`` sum
    the days from an accepted order or purchase to the arrival of each of so many vehicles.
    """

    outcomes: int = 0
    sales: int = 0
    expected_sales: float = 0.0
    gross_errors: int = 0
    gross_error: float = 0.0
    wholesales: int = 0
    wholesale_discount: float = 0.0
    arrivals_new: int = 0
    lead_days_new: float = 0.0
    arrivals_used: int = 0
    lead_days_used: float = 0.0

    def __add__(self, other: Lessons) -> Lessons:
        """Put two sums together."""
        return Lessons(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


def lessons_of(outcome: Outcome) -> Lessons:
    """Tell what one outcome teaches; nothing where it was reversed.

    Gross is learned only where the advice was followed and the vehicle sold, because it was expected for that; the
    lane's price where a vehicle went there as advised; lead times where the dealer had said yes, since a vehicle
    that comes without a word may have been on its way before.
    """
    if outcome.kind is Kind.REVERSED:
        return Lessons()
    error, discount = _gross_error(outcome), _discount(outcome)
    new = outcome.action is Action.ORDER
    return Lessons(
        outcomes=1,
        sales=outcome.sales,
        expected_sales=outcome.hazard_exposure / outcome.computed_with.hazard_scale,
        gross_errors=int(error is not None),
        gross_error=error or 0.0,
        wholesales=int(discount is not None),
        wholesale_discount=discount or 0.0,
        arrivals_new=len(outcome.lead_days) if new else 0,
        lead_days_new=float(sum(outcome.lead_days)) if new else 0.0,
        arrivals_used=0 if new else len(outcome.lead_days),
        lead_days_used=0.0 if new else float(sum(outcome.lead_days)),
    )


def _gross_error(outcome: Outcome) -> float | None:
    sold = outcome.sales and outcome.followed and not outcome.action.stocks
    if not sold or outcome.realised_gross is None or outcome.expected_gross is None:
        return None
    return outcome.realised_gross - (outcome.expected_gross - outcome.computed_with.gross_bias)


def _discount(outcome: Outcome) -> float | None:
    """Give the discount that would have foretold the lane's price: the one computed with, plus what was missing."""
    went = outcome.action is Action.WHOLESALE and outcome.kind is Kind.WHOLESALED
    if not went or not outcome.market_price or outcome.realised_gross is None or outcome.expected_gross is None:
        return None
    missing = (outcome.expected_gross - outcome.realised_gross) / outcome.market_price
    return outcome.computed_with.wholesale_discount + missing
