"""What showing advice brings: subjects whose advice was shown against those whose advice was held out at random.

Each subject - a vehicle, or a segment at a rooftop in a half-year - counts once, and each is watched for the same
number of days from the first advice on it, whatever was done. Held out is drawn at random with a share that the
dealer sets; so within one rooftop, kind of subject and share both sides are alike but for the showing, and the
difference of their means is its effect. Strata are put together by their size (Neyman 1923; Imbens and Rubin 2015,
chapters 6 and 9):

    effect = sum of w * (mean shown - mean held out),  w = n of the stratum over n of all
    variance = sum of w^2 * (s^2 shown / n shown + s^2 held out / n held out)

with the degrees of freedom of Welch and Satterthwaite for the interval.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

UNIT_DAYS, SHELF_DAYS = 60, 120
"""For how long a vehicle is watched, and a segment at a rooftop."""
FEWEST = 20
"""Subjects on either side below which a difference says nothing."""
_FEWEST_IN_STRATUM = 2
_UPPER = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Arm:
    """Subjects of one stratum on one side: how many, their mean, and the variance of the sample."""

    stratum: Hashable
    held_out: bool
    n: int
    mean: float
    variance: float


@dataclass(frozen=True, slots=True)
class Uplift:
    """What showing advice brings a subject, in the dealer's currency, with its 95 % interval.

    All absent, but the counts, while either side has fewer than FEWEST subjects that can be compared.
    """

    shown: int
    held_out: int
    days: int
    difference: float | None = None
    low: float | None = None
    high: float | None = None


def uplift(arms: Iterable[Arm], days: int) -> Uplift:
    """Compare both sides, stratum by stratum; strata with fewer than two subjects on a side cannot be compared."""
    sides: dict[Hashable, dict[bool, Arm]] = defaultdict(dict)
    for arm in arms:
        sides[arm.stratum][arm.held_out] = arm
    pairs = [
        (each[False], each[True])
        for each in sides.values()
        if len(each) == len((False, True)) and min(arm.n for arm in each.values()) >= _FEWEST_IN_STRATUM
    ]
    shown, held = sum(arm.n for arm, _ in pairs), sum(arm.n for _, arm in pairs)
    if min(shown, held) < FEWEST:
        return Uplift(shown, held, days)
    effect = variance = freedom = 0.0
    for one, other in pairs:
        weight = (one.n + other.n) / (shown + held)
        effect += weight * (one.mean - other.mean)
        for arm in (one, other):
            part = weight**2 * arm.variance / arm.n
            variance += part
            freedom += part**2 / (arm.n - 1)
    spread = 0.0
    if freedom > 0:
        spread = _student(variance**2 / freedom) * math.sqrt(variance)
    return Uplift(shown, held, days, round(effect, 2), round(effect - spread, 2), round(effect + spread, 2))


def _student(freedom: float) -> float:
    """Give the upper 2.5 % point of Student's t (Abramowitz and Stegun 1964, 26.7.5); within 0.1 % from 5 on."""
    z = _UPPER
    first = (z**3 + z) / (4 * freedom)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    return z + first + second + third


def statement(units: Uplift, purchases: Uplift) -> str:
    """Say in words what was measured, and what was not."""
    return " ".join((_said(units, "vehicle"), _said(purchases, "segment that advice would buy for")))


def _said(found: Uplift, subject: str) -> str:
    if found.difference is None or found.low is None or found.high is None:
        return (
            f"Observational: within {found.days} days {found.held_out} subjects ({subject}) held out can be compared "
            f"with {found.shown} shown; with fewer than {FEWEST} of either a difference says nothing. "
            f"The share that is held out at random is set in the policies (hold_out_share)."
        )
    return (
        f"Measured: a {subject} whose advice was shown brought {found.difference:+,.0f} within {found.days} days "
        f"against one whose advice was held out at random (95 % interval {found.low:+,.0f} to {found.high:+,.0f}; "
        f"{found.shown} shown, {found.held_out} held out, each watched once and for equally long)."
    )
