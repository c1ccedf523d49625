"""What single outcomes teach of the lane, of lead times and of how sure calls may be told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lesson_samples import AS_IS, NOBODY, SALE, taught_by

from services.feedback.domain import Action, Evidence, Kind, Parameters, lesson_of, propose
from services.feedback.domain.learning import learned_shift
from services.feedback.domain.lessons import shifted

LANE = replace(
    SALE, action=Action.WHOLESALE, kind=Kind.WHOLESALED, sales=0, hazard_exposure=0.0, expected_gross=-800.0,
    realised_gross=-1_400.0, market_price=20_000.0,
)  # fmt: skip


def test_what_the_lane_pays_is_learned_from_what_was_sent_there():
    """600 less than expected of a market price of 20,000 is a discount of 18 instead of 15 per cent."""
    sent = taught_by(replace(LANE, recommendation_id=f"w{i}") for i in range(40))
    assert sent.of(Action.WHOLESALE).discount == pytest.approx(40 * 0.18)
    proposal = propose(sent, NOBODY, AS_IS)
    assert proposal is not None
    assert proposal.parameters.wholesale_discount == pytest.approx(0.17)  # a step of two points a version
    assert "40 vehicles sent to the lane brought 18.0% under the market" in proposal.reason
    settled = Parameters(wholesale_discount=(20 * 0.15 + 40 * 0.18) / 60)
    assert propose(sent, NOBODY, settled) is None
    corrected = replace(LANE, computed_with=Parameters(wholesale_discount=0.18), expected_gross=-1_400.0)
    assert lesson_of(corrected).discount == pytest.approx(0.18)


def test_sales_expected_of_a_stores_own_shoppers_teach_no_scale_but_their_gross_counts():
    """Those hazards are learned of every sale anew: a scale on top would count the same sales twice."""
    scaled, own = lesson_of(SALE), lesson_of(replace(SALE, hazard_scaled=False))
    assert (scaled.sales, scaled.expected_sales) == (1, 1.0)
    assert (own.sales, own.expected_sales) == (0, 0.0)
    assert replace(own, sales=1, expected_sales=1.0) == scaled
    slow = taught_by(
        replace(SALE, recommendation_id=f"s{i}", hazard_scaled=False, hazard_exposure=9.0) for i in range(40)
    )
    proposal = propose(slow, NOBODY, AS_IS)
    assert proposal is None or proposal.parameters.hazard_scale == 1.0


def test_a_sale_elsewhere_says_nothing_of_the_lane():
    for changes in (
        {"kind": Kind.SOLD},
        {"action": Action.REPRICE},
        {"market_price": None},
        {"realised_gross": None},
    ):
        assert lesson_of(replace(LANE, **changes)).wholesales == 0


def test_lead_times_are_learned_apart_for_orders_and_purchases():
    bought = replace(
        SALE, action=Action.ACQUIRE, sales=0, hazard_exposure=0.0, realised_gross=None, lead_days=(18, 22)
    )
    evidence = taught_by(replace(bought, recommendation_id=f"b{i}") for i in range(10))
    proposal = propose(evidence, NOBODY, AS_IS)
    assert proposal is not None
    assert proposal.parameters == Parameters(lead_days_used=11.0)  # a tenth a version
    assert "20 vehicles bought on advice came in after 20 days on average" in proposal.reason
    at_last = Parameters(lead_days_used=(10 * 10 + 20 * 20) / 30)
    assert propose(evidence, NOBODY, at_last) is None


def calls(right: int, wrong: int, told: float, **changes: object) -> Evidence:
    call = replace(LANE, **{"kind": Kind.UNSOLD, "realised_gross": None, "call_confidence": told, **changes})
    each = [replace(call, recommendation_id=f"c{i}", bore_out=i < right) for i in range(right + wrong)]
    return taught_by(each)


def test_confidence_comes_down_to_how_often_calls_prove_right():
    evidence, parameters = calls(40, 60, 0.8), AS_IS
    for _ in range(10):
        proposal = propose(evidence, NOBODY, parameters)
        parameters = proposal.parameters if proposal else parameters
    told = shifted(0.8, parameters.confidence_wholesale)
    assert told == pytest.approx((20 * 0.8 + 40) / 120, abs=0.02)
    assert parameters.confidence_reprice == 0.0


def test_what_calls_are_held_against_was_never_corrected():
    shift = learned_shift(calls(40, 60, 0.8).of(Action.WHOLESALE))
    again = calls(40, 60, 0.8, confidence=0.3, computed_with=Parameters(confidence_wholesale=shift))
    assert learned_shift(again.of(Action.WHOLESALE)) == pytest.approx(shift)
    unknown = calls(40, 60, 0.8, call_confidence=None)
    assert learned_shift(unknown.of(Action.WHOLESALE)) == 0.0, "older advice told no chance to hold its calls against"


@given(st.integers(0, 200), st.integers(0, 200), st.floats(0.02, 0.98), st.floats(-1, 1))
def test_the_correction_goes_from_the_prior_to_what_was_seen_and_never_past_it(right, wrong, told, prior):
    shift = learned_shift(calls(right, wrong, told).of(Action.WHOLESALE), prior)
    if not right + wrong:
        assert shift == prior
        return
    before, after, seen = shifted(told, prior), shifted(told, shift), right / (right + wrong)
    assert min(before, seen) - 1e-9 <= after <= max(before, seen) + 1e-9
