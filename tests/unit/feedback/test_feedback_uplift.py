"""What the advice was worth, and with what right that may be said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.feedback.domain import Action, Decision, Kind, Outcome, summarise

BASE = Outcome(
    recommendation_id="r",
    action=Action.REPRICE,
    decision=Decision.ACCEPTED,
    segment="used/a/one",
    vehicle_key="V",
    kind=Kind.SOLD,
    on=date(2025, 6, 10),
    days=9,
    followed=True,
    expected_value=300.0,
    realised_value=250.0,
    expected_gross=1_500.0,
    realised_gross=1_450.0,
    hazard_exposure=0.4,
    sales=1,
    policy_version=1,
)
MIXED = [
    replace(BASE, recommendation_id="a"),
    replace(BASE, recommendation_id="b", realised_value=150.0),
    replace(BASE, recommendation_id="c", kind=Kind.UNSOLD, realised_value=None, expected_value=900.0),
    replace(BASE, recommendation_id="d", decision=Decision.DECLINED, followed=False, realised_value=-40.0),
    replace(BASE, recommendation_id="e", decision=None, action=Action.WHOLESALE, realised_value=80.0),
]


def test_value_by_action_and_answer_compares_like_with_like():
    summary = summarise(MIXED)
    accepted, declined, unanswered = summary.tallies
    assert (accepted.action, accepted.decision) == (Action.REPRICE, Decision.ACCEPTED)
    assert (accepted.count, accepted.followed, accepted.valued) == (3, 3, 2)
    assert (accepted.expected_value, accepted.realised_value) == (600, 400)
    assert (declined.decision, declined.realised_value, declined.followed) == (Decision.DECLINED, -40, 0)
    assert (unanswered.action, unanswered.decision, unanswered.count) == (Action.WHOLESALE, None, 1)
    assert (summary.outcomes, summary.answered) == (5, 4)
    assert summary.acceptance_rate == pytest.approx(3 / 4)
    assert (summary.expected_value, summary.realised_value) == (1_200, 440)


def test_without_a_hold_out_it_says_that_it_is_observational():
    summary = summarise(MIXED)
    assert summary.label == "observational"
    assert summary.hold_out is None


def test_with_a_hold_out_uplift_is_measured_with_its_interval_and_kept_out_of_the_tallies():
    shown = [replace(BASE, recommendation_id=f"s{i}", realised_value=v) for i, v in enumerate((300.0, 200.0, 100.0))]
    withheld = [
        replace(BASE, recommendation_id=f"h{i}", realised_value=v, held_out=True, decision=None)
        for i, v in enumerate((50.0, -50.0))
    ]
    summary = summarise(shown + withheld)
    assert summary.label == "hold-out"
    assert summary.outcomes == 3
    assert summary.hold_out is not None
    assert (summary.hold_out.shown, summary.hold_out.held_out) == (3, 2)
    assert summary.hold_out.uplift == pytest.approx(200)
    error = (10_000 / 3 + 5_000 / 2) ** 0.5
    assert (summary.hold_out.low, summary.hold_out.high) == pytest.approx((200 - 1.96 * error, 200 + 1.96 * error))


def test_one_held_out_piece_measures_nothing():
    lone = replace(BASE, recommendation_id="h", held_out=True)
    assert summarise([*MIXED, lone]).label == "observational"


def test_reversed_outcomes_are_gone_and_replaced_ones_count_once():
    undone = replace(BASE, recommendation_id="a", kind=Kind.REVERSED, realised_value=None)
    again = replace(BASE, recommendation_id="b", realised_value=175.0)
    summary = summarise([*MIXED, undone, again])
    assert summary.outcomes == 4
    assert summary.tallies[0].realised_value == 175


def test_nothing_yet_is_an_empty_summary():
    summary = summarise([])
    assert (summary.tallies, summary.acceptance_rate, summary.realised_value) == ((), None, 0)
