"""What a rooftop's outcomes teach: a few parameters, shrunk to its sister rooftops', and those to the defaults.

Scales follow a gamma-Poisson model. With a prior of mean m worth k = 20 expected sales, S sales seen where E
were expected give the posterior mean (k * m + S) / (k + E) (Gelman et al., Bayesian Data Analysis, 2.6). The
sister rooftops' posterior, from a prior mean of 1, is the rooftop's prior mean. Whatever is a mean of cases -
the error of gross, the lane's discount, lead times, how often calls prove right - is shrunk by n / (n + k) in the
same two levels, from the default.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from services.feedback.domain.advice import Action, Parameters
from services.feedback.domain.bounds import BIAS, DISCOUNT, LEAD_NEW, LEAD_USED, SCALE, SHIFT
from services.feedback.domain.evidence import Evidence
from services.feedback.domain.lessons import Lesson, shifted
from services.feedback.domain.wording import reason_for

PRIOR_SALES = 20.0
PRIOR_CASES = 20.0
PRIOR_ARRIVALS = 10.0
EVIDENCE_NEEDED = 5


@dataclass(frozen=True, slots=True)
class Proposal:
    """A next version of a rooftop's parameters; ``evidence_count`` is outcomes plus forecast weeks."""

    parameters: Parameters
    previous: Parameters
    evidence_count: int
    reason: str


def propose(own: Evidence, sisters: Evidence, current: Parameters) -> Proposal | None:
    """Learn the next parameters, one bounded step from ``current``.

    ``sisters`` are the tenant's other rooftops, this one left out so that it does not count twice. None where
    the rooftop shows fewer than 5 pieces of evidence or nothing would move materially.
    """
    evidence_count = own.together.outcomes + own.demand.weeks
    if evidence_count < EVIDENCE_NEEDED:
        return None
    target = _targets(own, _targets(sisters, Parameters()))
    parameters = Parameters(
        hazard_scale=SCALE.towards(target.hazard_scale, current.hazard_scale),
        gross_bias=BIAS.towards(target.gross_bias, current.gross_bias),
        demand_scale=SCALE.towards(target.demand_scale, current.demand_scale),
        wholesale_discount=DISCOUNT.towards(target.wholesale_discount, current.wholesale_discount),
        lead_days_new=LEAD_NEW.towards(target.lead_days_new, current.lead_days_new),
        lead_days_used=LEAD_USED.towards(target.lead_days_used, current.lead_days_used),
        confidence_reprice=SHIFT.towards(target.confidence_reprice, current.confidence_reprice),
        confidence_transfer=SHIFT.towards(target.confidence_transfer, current.confidence_transfer),
        confidence_wholesale=SHIFT.towards(target.confidence_wholesale, current.confidence_wholesale),
    )
    if parameters == current:
        return None
    return Proposal(parameters, current, evidence_count, reason_for(current, parameters, own))


def learned_scale(sales: float, expected: float, prior_mean: float = 1.0) -> float:
    """Give the posterior mean of sales / expected sales under a gamma prior worth 20 expected sales."""
    return (PRIOR_SALES * prior_mean + sales) / (PRIOR_SALES + expected)


def learned_mean(total: float, count: int, prior_mean: float = 0.0, weight: float = PRIOR_CASES) -> float:
    """Give the mean of ``count`` cases, shrunk to ``prior_mean`` as if that had been seen ``weight`` times."""
    return (weight * prior_mean + total) / (weight + count)


def learned_shift(lesson: Lesson, prior: float = 0.0) -> float:
    """Give the shift of log odds that makes confidence as high as calls prove right.

    How often they do is shrunk to what the prior shift makes of the mean confidence.
    """
    if not lesson.calls:
        return prior
    claimed = lesson.claimed / lesson.calls
    right = learned_mean(lesson.right, lesson.calls, prior_mean=shifted(claimed, prior))
    return math.log(right / (1 - right)) - math.log(claimed / (1 - claimed))


def _targets(evidence: Evidence, prior: Parameters) -> Parameters:
    """Give what the evidence points at, shrunk to a prior; unbounded."""
    seen, lane = evidence.together, evidence.of(Action.WHOLESALE)
    ordered, bought = evidence.of(Action.ORDER), evidence.of(Action.ACQUIRE)
    return Parameters(
        hazard_scale=learned_scale(seen.sales, evidence.expected_sales, prior.hazard_scale),
        gross_bias=learned_mean(seen.gross_error, seen.gross_errors, prior.gross_bias),
        demand_scale=learned_scale(evidence.demand.sales, evidence.demand.forecast, prior.demand_scale),
        wholesale_discount=learned_mean(lane.discount, lane.wholesales, prior.wholesale_discount),
        lead_days_new=learned_mean(ordered.lead_days, ordered.arrivals, prior.lead_days_new, PRIOR_ARRIVALS),
        lead_days_used=learned_mean(bought.lead_days, bought.arrivals, prior.lead_days_used, PRIOR_ARRIVALS),
        confidence_reprice=learned_shift(evidence.of(Action.REPRICE), prior.confidence_reprice),
        confidence_transfer=learned_shift(evidence.of(Action.TRANSFER), prior.confidence_transfer),
        confidence_wholesale=learned_shift(lane, prior.confidence_wholesale),
    )
