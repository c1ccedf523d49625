"""What showing advice seems worth: outcomes of advice that was shown against those of advice that was held out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

FEWEST = 20
"""Judged outcomes on either side below which a difference says nothing."""


@dataclass(frozen=True, slots=True)
class Uplift:
    """Mean realised value a piece of advice, shown less held out, in the dealer's currency.

    An indication, no measurement: an outcome counts once its car was sold or wholesaled while the advice was
    credited with it, and that is longer where advice was followed. ``difference`` is absent while either side has
    fewer than FEWEST outcomes.
    """

    shown: int
    held_out: int
    difference: float | None
    statement: str


def uplift(outcomes: Iterable[Mapping[str, Any]]) -> Uplift:
    """Compare the judged outcomes of both sides."""
    judged = [row for row in outcomes if row["kind"] != "reversed" and row.get("realised_value") is not None]
    shown = [float(row["realised_value"]) for row in judged if not row.get("held_out")]
    held = [float(row["realised_value"]) for row in judged if row.get("held_out")]
    if min(len(shown), len(held)) < FEWEST:
        statement = (
            f"Observational: {len(held)} pieces of held-out advice have an outcome, and {len(shown)} that were "
            f"shown; with fewer than {FEWEST} of either a difference says nothing. "
            f"The share that is held out is set in the policies (hold_out_share)."
        )
        return Uplift(len(shown), len(held), None, statement)
    difference = fmean(shown) - fmean(held)
    statement = (
        f"An indication: a piece of advice that was shown brought {difference:+,.0f} against one held out "
        f"({len(shown)} shown, {len(held)} held out, those judged so far). Advice that is followed is watched "
        f"for longer, so this is no proof of cause."
    )
    return Uplift(len(shown), len(held), round(difference, 2), statement)
