"""What a rooftop's outcomes teach: three parameters, shrunk to its sister rooftops', those to 1 (or 0).

Scales follow a gamma-Poisson model. With a prior of mean m worth k = 20 expected sales, S sales seen where E
were expected give the posterior mean (k * m + S) / (k + E) (Gelman et al., Bayesian Data Analysis, 2.6). The
sister rooftops' posterior, from a prior mean of 1, is the rooftop's prior mean. The gross bias is the mean
error shrunk by n / (n + 20) in the same two levels, from 0. What the parameters of the time had already
corrected is taken out of each outcome first, or the learning would undo itself with every version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.feedback.domain.advice import Parameters
from services.feedback.domain.outcomes import standing
from services.feedback.domain.wording import reason_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.feedback.domain.outcomes import Outcome

PRIOR_SALES = 20.0
EVIDENCE_NEEDED = 5
SCALE_BOUNDS = (0.5, 2.0)
SCALE_STEP = 0.10
BIAS_BOUND = 1_500.0
BIAS_STEP = 150.0
IMMATERIAL_SCALE = 0.01
IMMATERIAL_BIAS = 15.0


@dataclass(frozen=True, slots=True)
class DemandCheck:
    """Retail sales of past weeks against the mean forecast for them before any ``demand_scale``, in units."""

    weeks: int = 0
    sales: float = 0.0
    forecast: float = 0.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen at one rooftop or at several together; ``outcomes`` in the order they were recorded.

    ``open_exposure`` are the sales expected so far of advice that is still open, at a hazard scale of 1: the
    sum of ``exposure_so_far`` over the ``hazard_scale`` of its advice.
    """

    outcomes: tuple[Outcome, ...] = ()
    open_exposure: float = 0.0
    demand: DemandCheck = DemandCheck()


@dataclass(frozen=True, slots=True)
class Sums:
    """Evidence boiled down: sales seen and expected, gross errors, demand; reversed outcomes are gone."""

    outcomes: int
    sales: int
    expected_sales: float
    gross_errors: int
    gross_error: float
    demand: DemandCheck


@dataclass(frozen=True, slots=True)
class Proposal:
    """A next version of a rooftop's parameters; ``evidence_count`` is outcomes plus forecast weeks."""

    parameters: Parameters
    previous: Parameters
    evidence_count: int
    reason: str


def propose(dealer: Evidence, sisters: Evidence, current: Parameters) -> Proposal | None:
    """Learn the next parameters, one bounded step from ``current``.

    ``sisters`` are the tenant's other rooftops, this one left out so that it does not count twice. None where
    the rooftop shows fewer than 5 pieces of evidence or nothing would move materially (1 % of a scale, $15).
    """
    own, others = summed(dealer), summed(sisters)
    evidence_count = own.outcomes + own.demand.weeks
    if evidence_count < EVIDENCE_NEEDED:
        return None
    parameters = Parameters(
        hazard_scale=_next_scale(
            current.hazard_scale,
            learned_scale(own.sales, own.expected_sales, learned_scale(others.sales, others.expected_sales)),
        ),
        gross_bias=_next_bias(
            current.gross_bias,
            learned_bias(own.gross_error, own.gross_errors, learned_bias(others.gross_error, others.gross_errors)),
        ),
        demand_scale=_next_scale(
            current.demand_scale,
            learned_scale(
                own.demand.sales,
                own.demand.forecast,
                learned_scale(others.demand.sales, others.demand.forecast),
            ),
        ),
    )
    if parameters == current:
        return None
    return Proposal(parameters, current, evidence_count, reason_for(current, parameters, own))


def learned_scale(sales: float, expected: float, prior_mean: float = 1.0) -> float:
    """Give the posterior mean of sales / expected sales under a gamma prior worth 20 expected sales."""
    return (PRIOR_SALES * prior_mean + sales) / (PRIOR_SALES + expected)


def learned_bias(mean_error: float, count: int, prior_mean: float = 0.0) -> float:
    """Give the mean error of gross (currency) shrunk to ``prior_mean`` as if that had been seen 20 times."""
    return (PRIOR_SALES * prior_mean + count * mean_error) / (PRIOR_SALES + count)


def summed(evidence: Evidence) -> Sums:
    """Boil evidence down, with the corrections of each outcome's own parameters taken out again.

    Gross is learned only where the advice was followed and the vehicle sold, because it was expected for
    that.
    """
    outcomes = standing(evidence.outcomes)
    errors = [error for outcome in outcomes if (error := _gross_error(outcome)) is not None]
    exposure = sum(outcome.hazard_exposure / outcome.computed_with.hazard_scale for outcome in outcomes)
    return Sums(
        outcomes=len(outcomes),
        sales=sum(outcome.sales for outcome in outcomes),
        expected_sales=exposure + evidence.open_exposure,
        gross_errors=len(errors),
        gross_error=sum(errors) / len(errors) if errors else 0.0,
        demand=evidence.demand,
    )


def pooled(evidence: Iterable[Evidence]) -> Evidence:
    """Put the evidence of several rooftops together."""
    parts = tuple(evidence)
    return Evidence(
        outcomes=tuple(outcome for part in parts for outcome in part.outcomes),
        open_exposure=sum(part.open_exposure for part in parts),
        demand=DemandCheck(
            weeks=sum(part.demand.weeks for part in parts),
            sales=sum(part.demand.sales for part in parts),
            forecast=sum(part.demand.forecast for part in parts),
        ),
    )


def _gross_error(outcome: Outcome) -> float | None:
    sold = outcome.sales and outcome.followed and not outcome.action.stocks
    if not sold or outcome.realised_gross is None or outcome.expected_gross is None:
        return None
    return outcome.realised_gross - (outcome.expected_gross - outcome.computed_with.gross_bias)


def _next_scale(current: float, target: float) -> float:
    low, high = SCALE_BOUNDS
    step = min(max(target, current * (1 - SCALE_STEP)), current * (1 + SCALE_STEP))
    bounded = min(max(step, low), high)
    return bounded if abs(bounded - current) >= IMMATERIAL_SCALE * current else current


def _next_bias(current: float, target: float) -> float:
    step = min(max(target, current - BIAS_STEP), current + BIAS_STEP)
    bounded = min(max(step, -BIAS_BOUND), BIAS_BOUND)
    return bounded if abs(bounded - current) >= IMMATERIAL_BIAS else current
