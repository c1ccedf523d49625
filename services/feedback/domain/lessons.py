"""What one outcome teaches, and what many teach together: sums only, so that a database can add them up.

What the parameters of the time had already corrected is taken out of each outcome first, or the learning would
undo itself with every version.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from services.feedback.domain.advice import Action, Kind

if TYPE_CHECKING:
    from services.feedback.domain.outcomes import Outcome

_LEAST = 0.005
"""Confidence is told within 0.01 and 0.99; odds beyond that say nothing."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """Sums over outcomes of one action, or of several; money in the rooftop's currency.

    ``expected_sales`` are those of the uncorrected model. ``gross_error`` is realised less expected gross over
    ``gross_errors`` sales of followed advice. ``discount`` sums what ``wholesales`` lane sales brought under the
    market's price, as fractions of it and before the fee. ``lead_days`` sums the days from a dealer's yes to the
    arrival of each of ``arrivals`` vehicles. Of ``calls`` that a fixed window judged, ``right`` proved right where
    the chances that it would sum to ``claimed``.
    """

    outcomes: int = 0
    sales: int = 0
    expected_sales: float = 0.0
    gross_errors: int = 0
    gross_error: float = 0.0
    wholesales: int = 0
    discount: float = 0.0
    arrivals: int = 0
    lead_days: float = 0.0
    calls: int = 0
    claimed: float = 0.0
    right: int = 0

    def __add__(self, other: Lesson) -> Lesson:
        """Put two sums together."""
        return Lesson(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


def lesson_of(outcome: Outcome) -> Lesson:
    """Tell what one outcome teaches; nothing where it was reversed.

    Gross is learned only where the advice was followed and the vehicle sold, because it was expected for that; the
    lane's price where a vehicle went there as advised; lead times where the dealer had said yes, since a vehicle
    that comes without a word may have been on its way before. Sales teach nothing where they were expected of the
    store's own shoppers, which are learned of every sale anew.
    """
    if outcome.kind is Kind.REVERSED:
        return Lesson()
    error, discount, claimed = _gross_error(outcome), _discount(outcome), _claimed(outcome)
    return Lesson(
        outcomes=1,
        sales=outcome.sales if outcome.hazard_scaled else 0,
        expected_sales=outcome.hazard_exposure / outcome.computed_with.hazard_scale if outcome.hazard_scaled else 0.0,
        gross_errors=int(error is not None),
        gross_error=error or 0.0,
        wholesales=int(discount is not None),
        discount=discount or 0.0,
        arrivals=len(outcome.lead_days),
        lead_days=float(sum(outcome.lead_days)),
        calls=int(claimed is not None),
        claimed=claimed or 0.0,
        right=int(claimed is not None and bool(outcome.bore_out)),
    )


def shifted(probability: float, shift: float) -> float:
    """Add a shift to the log odds of a probability."""
    inside = min(max(probability, _LEAST), 1 - _LEAST)
    return 1 / (1 + math.exp(-(math.log(inside / (1 - inside)) + shift)))


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


def _claimed(outcome: Outcome) -> float | None:
    return None if outcome.bore_out is None else outcome.call_confidence
