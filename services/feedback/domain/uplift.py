"""What the advice was worth: value expected against value realised, by action and answer.

A dealer follows the advice that looks right to him, so comparing followed with declined is observational.
Only advice held out at random and never shown tells what showing it changed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from services.feedback.domain.advice import Decision
from services.feedback.domain.outcomes import standing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.feedback.domain.advice import Action
    from services.feedback.domain.outcomes import Outcome

CONFIDENT_AT = 1.96
SMALLEST_ARM = 2


@dataclass(frozen=True, slots=True)
class Tally:
    """Outcomes of one action and answer (None: unanswered); money summed in the rooftop's currency.

    ``expected_value`` and ``realised_value`` are over the same ``valued`` outcomes, those whose realised
    value is known, so that the two can be compared.
    """

    action: Action
    decision: Decision | None
    count: int
    followed: int
    valued: int
    expected_value: float
    realised_value: float


@dataclass(frozen=True, slots=True)
class HoldOut:
    """Mean realised value of shown minus held-out advice, per piece, with its 95 % interval (Welch).

    All shown advice counts, followed or not, or the dealer's choice would come back in. Only vehicles whose
    end is known have a realised value, so the figure is provisional while many are unsold.
    """

    shown: int
    held_out: int
    uplift: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Summary:
    """``acceptance_rate`` is accepted or modified per answer given; held-out advice is left out.

    ``label`` is ``hold-out`` exactly where ``hold_out`` could be measured.
    """

    tallies: tuple[Tally, ...]
    outcomes: int
    answered: int
    acceptance_rate: float | None
    expected_value: float
    realised_value: float
    hold_out: HoldOut | None
    label: Literal["observational", "hold-out"]


def summarise(outcomes: Iterable[Outcome]) -> Summary:
    """Summarise outcomes in the order they were recorded; reversed ones do not count, others once."""
    counted = standing(outcomes)
    shown = [outcome for outcome in counted if not outcome.held_out]
    groups: defaultdict[tuple[Action, Decision | None], list[Outcome]] = defaultdict(list)
    for outcome in shown:
        groups[outcome.action, outcome.decision].append(outcome)
    tallies = tuple(
        _tally(action, decision, members)
        for (action, decision), members in sorted(groups.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    )
    answered = [outcome for outcome in shown if outcome.decision is not None]
    taken = sum(outcome.decision is not Decision.DECLINED for outcome in answered)
    hold_out = _hold_out(shown, [outcome for outcome in counted if outcome.held_out])
    return Summary(
        tallies=tallies,
        outcomes=len(shown),
        answered=len(answered),
        acceptance_rate=taken / len(answered) if answered else None,
        expected_value=sum(tally.expected_value for tally in tallies),
        realised_value=sum(tally.realised_value for tally in tallies),
        hold_out=hold_out,
        label="hold-out" if hold_out else "observational",
    )


def _tally(action: Action, decision: Decision | None, members: list[Outcome]) -> Tally:
    realised = {
        outcome.recommendation_id: outcome.realised_value for outcome in members if outcome.realised_value is not None
    }
    return Tally(
        action=action,
        decision=decision,
        count=len(members),
        followed=sum(outcome.followed for outcome in members),
        valued=len(realised),
        expected_value=sum(o.expected_value for o in members if o.recommendation_id in realised),
        realised_value=sum(realised.values()),
    )


def _hold_out(shown: list[Outcome], held_out: list[Outcome]) -> HoldOut | None:
    with_advice, without = _values(shown), _values(held_out)
    if min(with_advice.size, without.size) < SMALLEST_ARM:
        return None
    uplift = float(with_advice.mean() - without.mean())
    error = math.sqrt(with_advice.var(ddof=1) / with_advice.size + without.var(ddof=1) / without.size)
    reach = CONFIDENT_AT * error
    return HoldOut(with_advice.size, without.size, uplift, uplift - reach, uplift + reach)


def _values(outcomes: list[Outcome]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([o.realised_value for o in outcomes if o.realised_value is not None], dtype=np.float64)
