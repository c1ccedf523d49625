"""What a rooftop's outcomes teach: a few parameters, shrunk to its sister rooftops', and those to the defaults.

Scales follow a gamma-Poisson model. With a prior of mean m worth k = 20 expected sales, S sales seen where E
were expected give the posterior mean (k * m + S) / (k + E) (Gelman et al., Bayesian Data Analysis, 2.6). The
sister rooftops' posterior, from a prior mean of 1, is the rooftop's prior mean. Whatever is a mean of cases -
the error of gross, the lane's discount, lead times - is shrunk by n / (n + k) in the same two levels, from the
default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.feedback.domain.advice import Parameters
from services.feedback.domain.lessons import Lessons
from services.feedback.domain.wording import reason_for

if TYPE_CHECKING:
    from collections.abc import Callable

PRIOR_SALES = 20.0
PRIOR_CASES = 20.0
PRIOR_ARRIVALS = 10.0
EVIDENCE_NEEDED = 5


@dataclass(frozen=True, slots=True)
class DemandCheck:
    """Retail sales of past weeks against the mean forecast for them before any ``demand_scale``, in units."""

    weeks: int = 0
    sales: float = 0.0
    forecast: float = 0.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen at one rooftop or at several together.

    ``open_exposure`` are the sales expected so far of advice that is still open, at a hazard scale of 1: the
    sum of ``exposure_so_far`` over the ``hazard_scale`` of its advice.
    """

    lessons: Lessons = Lessons()
    open_exposure: float = 0.0
    demand: DemandCheck = DemandCheck()

    @property
    def expected_sales(self) -> float:
        """Give the sales expected of ended and of open advice."""
        return self.lessons.expected_sales + self.open_exposure


@dataclass(frozen=True, slots=True)
class Course:
    """How a parameter may move: within bounds, a step a version, and not for less than is material.

    Steps and what is material are fractions of its present value, or amounts where ``additive``.
    """

    low: float
    high: float
    step: float
    material: float
    additive: bool = False

    def towards(self, target: float, current: float) -> float:
        """Give the next value on the way to a target."""
        unit = 1.0 if self.additive else current
        stepped = min(max(target, current - self.step * unit), current + self.step * unit)
        bounded = min(max(stepped, self.low), self.high)
        return bounded if abs(bounded - current) >= self.material * unit else current


SCALE = Course(0.5, 2.0, 0.10, 0.01)
BIAS = Course(-1_500.0, 1_500.0, 150.0, 15.0, additive=True)
DISCOUNT = Course(0.02, 0.40, 0.02, 0.005, additive=True)
LEAD_NEW = Course(14.0, 180.0, 0.10, 0.02)
LEAD_USED = Course(2.0, 60.0, 0.10, 0.02)


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
    evidence_count = own.lessons.outcomes + own.demand.weeks
    if evidence_count < EVIDENCE_NEEDED:
        return None

    def scale(of: Callable[[Evidence], tuple[float, float]]) -> float:
        return learned_scale(*of(own), prior_mean=learned_scale(*of(sisters)))

    def mean(of: Callable[[Lessons], tuple[float, int]], default: float, weight: float) -> float:
        prior = learned_mean(*of(sisters.lessons), prior_mean=default, weight=weight)
        return learned_mean(*of(own.lessons), prior_mean=prior, weight=weight)

    usual = Parameters()
    discount = mean(lambda each: (each.wholesale_discount, each.wholesales), usual.wholesale_discount, PRIOR_CASES)
    new = mean(lambda each: (each.lead_days_new, each.arrivals_new), usual.lead_days_new, PRIOR_ARRIVALS)
    used = mean(lambda each: (each.lead_days_used, each.arrivals_used), usual.lead_days_used, PRIOR_ARRIVALS)
    bias = mean(lambda each: (each.gross_error, each.gross_errors), usual.gross_bias, PRIOR_CASES)
    pace = scale(lambda each: (each.lessons.sales, each.expected_sales))
    demand = scale(lambda each: (each.demand.sales, each.demand.forecast))
    parameters = Parameters(
        hazard_scale=SCALE.towards(pace, current.hazard_scale),
        gross_bias=BIAS.towards(bias, current.gross_bias),
        demand_scale=SCALE.towards(demand, current.demand_scale),
        wholesale_discount=DISCOUNT.towards(discount, current.wholesale_discount),
        lead_days_new=LEAD_NEW.towards(new, current.lead_days_new),
        lead_days_used=LEAD_USED.towards(used, current.lead_days_used),
    )
    if parameters == current:
        return None
    return Proposal(parameters, current, evidence_count, reason_for(current, parameters, own))


def learned_scale(sales: float, expected: float, prior_mean: float = 1.0) -> float:
    """Give the posterior mean of sales / expected sales under a gamma prior worth 20 expected sales."""
    return (PRIOR_SALES * prior_mean + sales) / (PRIOR_SALES + expected)


def learned_mean(total: float, count: int, prior_mean: float, weight: float) -> float:
    """Give the mean of ``count`` cases, shrunk to ``prior_mean`` as if that had been seen ``weight`` times."""
    return (weight * prior_mean + total) / (weight + count)
