"""Learning recovers what is true, slowly, within bounds, and without undoing itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lesson_samples import AS_IS, ISSUED, NOBODY, outcomes_of, sales_of, taught_by

from services.feedback.domain import (
    Action,
    Advice,
    DemandCheck,
    Ending,
    Evidence,
    Happening,
    Kind,
    Lesson,
    Parameters,
    exposure_so_far,
    lesson_of,
    outcome_of,
    propose,
)
from services.feedback.domain.learning import learned_mean, learned_scale


def simulate(rng: np.random.Generator, count: int, true_scale: float, used: Parameters, batch: str = "") -> Evidence:
    """Issue 14-day advice whose vehicles sell ``true_scale`` times as often as an uncorrected model says."""
    outcomes, open_exposure, now = [], 0.0, ISSUED + timedelta(days=20)
    for i, base in enumerate(rng.uniform(0.01, 0.06, count)):
        issued = ISSUED + timedelta(days=int(rng.integers(0, 20)))
        advice = Advice(
            recommendation_id=f"{batch}{i}",
            action=Action.HOLD,
            segment="used/a/one",
            issued_at=issued,
            expires_at=issued + timedelta(days=14),
            value=0.0,
            expected_daily_hazard=base * used.hazard_scale,
            baseline_daily_hazard=base * used.hazard_scale,
            computed_with=used,
        )
        sold_on = issued.date() + timedelta(days=int(rng.geometric(base * true_scale)))
        happening = Happening(ending=Ending(Kind.SOLD, sold_on, None) if sold_on <= now.date() else None)
        if outcome := outcome_of(advice, None, happening, now):
            outcomes.append(outcome)
        open_exposure += exposure_so_far(advice, None, happening, now) / used.hazard_scale
    return taught_by(outcomes, open_exposure=open_exposure)


@pytest.mark.parametrize("true_scale", [0.7, 1.0, 1.4])
def test_recovers_the_true_hazard_scale_with_advice_still_open(true_scale: float):
    seen = simulate(np.random.default_rng(5), 6_000, true_scale, AS_IS)
    assert seen.together.sales > 500
    assert learned_scale(seen.together.sales, seen.expected_sales) == pytest.approx(true_scale, rel=0.07)


def test_learning_settles_at_the_truth_instead_of_undoing_itself():
    """Each version's advice carries the correction; the evidence of all versions is kept."""
    rng, parameters, evidence, path = np.random.default_rng(9), AS_IS, NOBODY, []
    for version in range(12):
        more = simulate(rng, 1_500, 1.4, parameters, batch=f"v{version}-")
        evidence = Evidence(
            {Action.HOLD: evidence.together + more.together}, evidence.open_exposure + more.open_exposure
        )
        proposal = propose(evidence, NOBODY, parameters)
        parameters = proposal.parameters if proposal else parameters
        path.append(parameters.hazard_scale)
    assert path[:3] == pytest.approx([1.1, 1.21, 1.331])
    assert all(scale == pytest.approx(1.4, rel=0.05) for scale in path[5:])


def test_scales_by_hand_for_a_lone_rooftop_and_for_one_among_sisters():
    assert learned_scale(30, 10) == pytest.approx((20 + 30) / (20 + 10))
    sisters = learned_scale(120, 80)
    assert sisters == pytest.approx(1.4)
    assert learned_scale(30, 10, sisters) == pytest.approx((28 + 30) / 30)


def test_a_rooftop_without_much_evidence_takes_after_its_sisters():
    own = sales_of(5, hazard_exposure=1.0)
    sisters = sales_of(400, hazard_exposure=1 / 1.08)
    alone, among = propose(own, NOBODY, AS_IS), propose(own, sisters, AS_IS)
    assert alone is None
    assert among is not None
    assert among.parameters.hazard_scale == pytest.approx((20 * (420 / (20 + 400 / 1.08)) + 5) / 25)


@given(st.integers(1, 300), st.integers(1, 300))
def test_more_evidence_of_the_same_moves_further(fewer: int, more: int):
    fewer, more = sorted((fewer, more))
    assert 1 < learned_scale(1.5 * fewer, fewer) <= learned_scale(1.5 * more, more) < 1.5
    assert 0 < learned_mean(400 * fewer, fewer) <= learned_mean(400 * more, more) < 400


def test_gross_bias_by_hand_and_only_of_followed_sales():
    short = sales_of(10, realised_gross=1_200.0)
    proposal = propose(short, NOBODY, AS_IS)
    assert proposal is not None
    assert proposal.parameters.gross_bias == pytest.approx(-300 * 10 / 30)
    assert propose(sales_of(10, realised_gross=1_200.0, followed=False), NOBODY, AS_IS) is None


def test_gross_already_corrected_is_not_corrected_twice():
    corrected = Parameters(gross_bias=-240.0)
    outcomes = sales_of(80, expected_gross=1_260.0, realised_gross=1_200.0, computed_with=corrected)
    assert outcomes.together.gross_error == pytest.approx(-300 * 80)
    assert propose(outcomes, NOBODY, corrected) is None


def test_demand_scale_by_hand():
    proposal = propose(Evidence(demand=DemandCheck(13, 27.0, 23.0)), NOBODY, AS_IS)
    assert proposal is not None
    assert proposal.parameters == Parameters(demand_scale=pytest.approx(47 / 43))
    assert proposal.evidence_count == 13


def test_one_version_moves_by_a_bounded_step():
    extreme = taught_by(
        outcomes_of(200, hazard_exposure=0.1, realised_gross=9_000.0), demand=DemandCheck(13, 1.0, 300.0)
    )
    proposal = propose(extreme, NOBODY, AS_IS)
    assert proposal is not None
    assert proposal.parameters == Parameters(pytest.approx(1.1), pytest.approx(150.0), pytest.approx(0.9))
    assert proposal.previous == AS_IS


@given(
    exposure=st.floats(0, 50),
    error=st.floats(-1e5, 1e5),
    sold=st.floats(0, 1e4),
    forecast=st.floats(0, 1e4),
    versions=st.integers(1, 40),
)
def test_no_evidence_leads_out_of_the_bounds(
    exposure: float, error: float, sold: float, forecast: float, versions: int
):
    outcomes = outcomes_of(50, hazard_exposure=exposure, realised_gross=1_500 + error)
    evidence, parameters = taught_by(outcomes, demand=DemandCheck(13, sold, forecast)), AS_IS
    for _ in range(versions):
        proposal = propose(evidence, NOBODY, parameters)
        parameters = proposal.parameters if proposal else parameters
    assert 0.5 <= parameters.hazard_scale <= 2.0
    assert 0.5 <= parameters.demand_scale <= 2.0
    assert -1_500 <= parameters.gross_bias <= 1_500


def test_the_hard_bounds_are_reached_and_held():
    evidence, parameters = sales_of(200, hazard_exposure=0.05), AS_IS
    for _ in range(20):
        proposal = propose(evidence, NOBODY, parameters)
        parameters = proposal.parameters if proposal else parameters
    assert parameters.hazard_scale == 2.0
    assert propose(evidence, NOBODY, parameters) is None


@pytest.mark.parametrize(("count", "moves"), [(4, False), (5, True)])
def test_fewer_than_five_pieces_of_evidence_change_nothing(count: int, moves: bool):
    assert (propose(sales_of(count, hazard_exposure=0.2), NOBODY, AS_IS) is not None) is moves


def test_an_immaterial_change_makes_no_version():
    assert propose(sales_of(100, hazard_exposure=0.99), NOBODY, AS_IS) is None
    proposal = propose(sales_of(100, hazard_exposure=0.97), NOBODY, AS_IS)
    assert proposal is not None
    assert proposal.parameters.hazard_scale == pytest.approx(120 / 117)


def test_reversed_outcomes_teach_nothing():
    quick = outcomes_of(10, hazard_exposure=0.2)
    reversals = tuple(replace(each, kind=Kind.REVERSED, sales=0, hazard_exposure=0.0) for each in quick)
    assert propose(taught_by(quick), NOBODY, AS_IS) is not None
    assert propose(taught_by(quick + reversals), NOBODY, AS_IS) is None
    assert lesson_of(reversals[0]) == Lesson()


def test_the_reason_says_what_was_seen_and_what_moved():
    sales = outcomes_of(10, hazard_exposure=0.5, realised_gross=1_200.0)
    evidence = taught_by(sales, demand=DemandCheck(13, 27.0, 23.0))
    proposal = propose(evidence, NOBODY, AS_IS)
    assert proposal is not None
    assert "10 vehicles under advice sold where 5.0 were expected" in proposal.reason
    assert "scaled by 1.10 instead of 1.00" in proposal.reason
    assert "10 followed sales came out 300 on average below" in proposal.reason
    assert "corrected by -100 instead of +0" in proposal.reason
    assert "Over 13 weeks 27 vehicles sold where 23.0 were forecast" in proposal.reason
    assert proposal.evidence_count == 23
