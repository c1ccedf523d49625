"""What showing advice was worth: outcomes of advice that was shown against those of advice that was held out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, variance
from typing import Any

FEWEST = 20
"""Judged outcomes on either side below which a difference says nothing."""
_NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class Uplift:
    """Realised value a piece of advice, shown less held out, with its 95 % interval; dealer's currency.

    The comparison is by what was shown, not by what was followed, so that those who follow are not a chosen
    few. ``measured`` is False, and the figures absent, while either side has fewer than FEWEST outcomes.
    """

    measured: bool
    shown: int
    held_out: int
    difference: float | None
    low: float | None
    high: float | None
    statement: str


def uplift(outcomes: Iterable[Mapping[str, Any]]) -> Uplift:
    """Compare the judged outcomes of both sides (Welch's interval for a difference of means)."""
    judged = [row for row in outcomes if row["kind"] != "reversed" and row.get("realised_value") is not None]
    shown = [float(row["realised_value"]) for row in judged if not row.get("held_out")]
    held = [float(row["realised_value"]) for row in judged if row.get("held_out")]
    if min(len(shown), len(held)) < FEWEST:
        statement = (
            f"Observational: {len(held)} pieces of held-out advice have an outcome, and {len(shown)} that were "
            f"shown; with fewer than {FEWEST} of either a difference is no proof of cause. "
            f"The share that is held out is set in the policies (hold_out_share)."
        )
        return Uplift(
            measured=False,
            shown=len(shown),
            held_out=len(held),
            difference=None,
            low=None,
            high=None,
            statement=statement,
        )
    difference = fmean(shown) - fmean(held)
    margin = _NORMAL_95 * sqrt(variance(shown) / len(shown) + variance(held) / len(held))
    statement = (
        f"Measured: a piece of advice that was shown brought {difference:+,.0f} against one held out "
        f"(95 % interval {difference - margin:+,.0f} to {difference + margin:+,.0f}; "
        f"{len(shown)} shown, {len(held)} held out, sold or wholesaled so far)."
    )
    return Uplift(
        measured=True,
        shown=len(shown),
        held_out=len(held),
        difference=round(difference, 2),
        low=round(difference - margin, 2),
        high=round(difference + margin, 2),
        statement=statement,
    )
