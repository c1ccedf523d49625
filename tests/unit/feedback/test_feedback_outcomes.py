"""Advice, answer and happening joined into outcomes, by hand-computed numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from advice_samples import ACCEPTED, DECLINED, REPRICE, closed, day, moment

from services.feedback.domain import (
    Action,
    Advice,
    Answer,
    Decision,
    Ending,
    Happening,
    Kind,
    PriceMove,
    Status,
    Transfer,
    exposure_so_far,
    outcome_of,
)

NEARER = Answer(Decision.MODIFIED, moment(1), price=19_300.0)
FURTHER = Answer(Decision.MODIFIED, moment(1), price=19_900.0)
FOLLOWED = (PriceMove(day(2), 18_995.0),)
NET_OF_NOTHING, BACK = 1_300, 1_000


def sold(number: int, gross: float | None = 1_200.0) -> Ending:
    return Ending(Kind.SOLD, day(number), gross)


def test_a_followed_reprice_that_sold():
    outcome = outcome_of(REPRICE, ACCEPTED, Happening(ending=sold(10), price_moves=FOLLOWED), moment(11))
    assert outcome is not None
    assert (outcome.kind, outcome.days, outcome.followed, outcome.sales) == (Kind.SOLD, 10, True, 1)
    assert outcome.hazard_exposure == pytest.approx(2 * 0.03 + 8 * 0.05)
    assert outcome.realised_gross == 1_200
    assert outcome.realised_value == pytest.approx(1_200 + BACK - 10 * 40 - NET_OF_NOTHING)
    assert (outcome.expected_value, outcome.decision, outcome.policy_version) == (300, Decision.ACCEPTED, 3)


@pytest.mark.parametrize(
    ("answer", "moves", "acted_on"),
    [
        pytest.param(None, FOLLOWED, 2, id="moved without an answer"),
        pytest.param(DECLINED, FOLLOWED, 2, id="declined, then moved after all"),
        pytest.param(ACCEPTED, (), 1, id="accepted, moves not seen"),
        pytest.param(ACCEPTED, (PriceMove(day(2), 19_800.0),), None, id="accepted, moved elsewhere"),
        pytest.param(None, (PriceMove(day(-1), 19_000.0),), None, id="moved before the advice"),
        pytest.param(None, (), None, id="neither answered nor moved"),
        pytest.param(DECLINED, (), None, id="declined"),
        pytest.param(NEARER, (), 1, id="modified towards the advice"),
        pytest.param(NEARER, (PriceMove(day(3), 19_300.0),), 3, id="modified towards the advice, then moved"),
        pytest.param(FURTHER, (), None, id="modified back to the old price"),
    ],
)
def test_acts_count_before_words(answer: Answer | None, moves: tuple[PriceMove, ...], acted_on: int | None):
    outcome = outcome_of(REPRICE, answer, Happening(ending=sold(5), price_moves=moves), moment(6))
    assert outcome is not None
    assert outcome.followed is (acted_on is not None)
    before = 5 if acted_on is None else acted_on
    assert outcome.hazard_exposure == pytest.approx(before * 0.03 + (5 - before) * 0.05)


@pytest.mark.parametrize(("sold_on", "followed"), [(8, True), (9, False)])
def test_a_price_agreed_to_that_nobody_saw_move_in_a_week_was_not_moved(sold_on: int, *, followed: bool):
    outcome = outcome_of(REPRICE, ACCEPTED, Happening(ending=sold(sold_on)), moment(sold_on + 1))
    assert outcome is not None
    assert (outcome.followed, outcome.realised_value is not None) == (followed, followed)


def test_a_sale_is_worth_something_to_one_piece_of_advice_only():
    later = replace(REPRICE, price=18_300.0, current_price=19_000.0)
    happening = Happening(ending=sold(10), price_moves=FOLLOWED)
    told = [outcome_of(each, answer, happening, moment(11)) for each, answer in ((REPRICE, None), (later, DECLINED))]
    assert [outcome is not None and outcome.realised_value is not None for outcome in told] == [True, False]


def test_open_advice_has_no_outcome_but_an_exposure():
    assert outcome_of(REPRICE, None, None, moment(9)) is None
    assert exposure_so_far(REPRICE, None, None, moment(9)) == pytest.approx(9 * 0.03)
    assert exposure_so_far(REPRICE, None, Happening(ending=sold(5)), moment(9)) == 0


@pytest.mark.parametrize(
    ("advice", "days"),
    [
        (REPRICE, 14),
        (closed(REPRICE, 6, Status.WITHDRAWN), 6),
        (closed(REPRICE, 6, Status.SUPERSEDED), 5),
    ],
    ids=["expired", "withdrawn", "superseded: the day is the successor's"],
)
def test_unsold_at_the_end_of_the_advice_keeps_its_exposure(advice: Advice, days: int):
    outcome = outcome_of(advice, None, Happening(), moment(20))
    assert outcome is not None
    assert (outcome.kind, outcome.days, outcome.sales) == (Kind.UNSOLD, days, 0)
    assert outcome.hazard_exposure == pytest.approx(days * 0.03)
    assert outcome.realised_value is None


def test_a_sale_after_unfollowed_advice_ended_is_not_its_doing():
    outcome = outcome_of(REPRICE, None, Happening(ending=sold(30)), moment(31))
    assert outcome is not None
    assert (outcome.kind, outcome.sales, outcome.realised_gross) == (Kind.UNSOLD, 0, None)


def test_a_sale_is_split_between_superseded_advice_and_its_successor_without_loss():
    older = closed(REPRICE, 6, Status.SUPERSEDED)
    newer = replace(REPRICE, recommendation_id="r2", issued_at=moment(6), expires_at=moment(20))
    for on in (6, 9):
        happening = Happening(ending=sold(on))
        first, second = (outcome_of(a, None, happening, moment(25)) for a in (older, newer))
        assert first is not None
        assert second is not None
        assert (first.kind, second.kind) == (Kind.UNSOLD, Kind.SOLD)
        assert first.sales + second.sales == 1


def test_followed_advice_stays_at_work_after_it_was_withdrawn_as_done():
    advice = closed(REPRICE, 3, Status.WITHDRAWN)
    happening = Happening(price_moves=FOLLOWED)
    assert outcome_of(advice, None, happening, moment(30)) is None
    outcome = outcome_of(advice, None, replace(happening, ending=sold(30)), moment(31))
    assert outcome is not None
    assert (outcome.kind, outcome.sales) == (Kind.SOLD, 1)
    assert outcome.hazard_exposure == pytest.approx(2 * 0.03 + 28 * 0.05)


def test_followed_advice_is_judged_for_ninety_days_at_most():
    outcome = outcome_of(REPRICE, None, Happening(price_moves=FOLLOWED), moment(120))
    assert outcome is not None
    assert (outcome.kind, outcome.days) == (Kind.UNSOLD, 90)


def test_followed_and_superseded_advice_keeps_the_value_and_leaves_the_later_days_to_its_successor():
    advice = closed(REPRICE, 2, Status.SUPERSEDED)
    outcome = outcome_of(advice, None, Happening(ending=sold(10), price_moves=FOLLOWED), moment(11))
    assert outcome is not None
    assert (outcome.kind, outcome.followed, outcome.sales) == (Kind.SOLD, True, 0)
    assert outcome.hazard_exposure == pytest.approx(1 * 0.03)
    assert outcome.realised_value == pytest.approx(1_200 + BACK - 400 - NET_OF_NOTHING)


def test_a_further_price_move_ends_the_credit():
    moves = (*FOLLOWED, PriceMove(day(8), 17_500.0))
    outcome = outcome_of(REPRICE, None, Happening(ending=sold(10), price_moves=moves), moment(11))
    assert outcome is not None
    assert (outcome.kind, outcome.days, outcome.sales) == (Kind.UNSOLD, 7, 0)
    assert outcome.hazard_exposure == pytest.approx(2 * 0.03 + 5 * 0.05)


def test_an_unwound_sale_reverses_its_outcome_and_the_next_sale_counts_once():
    before = outcome_of(REPRICE, ACCEPTED, Happening(ending=sold(4)), moment(5))
    undone = outcome_of(REPRICE, ACCEPTED, Happening(unwound=sold(4)), moment(7))
    again = outcome_of(REPRICE, ACCEPTED, Happening(ending=sold(9, 900.0), unwound=sold(4)), moment(10))
    assert before is not None
    assert undone is not None
    assert again is not None
    assert (undone.kind, undone.sales, undone.hazard_exposure) == (Kind.REVERSED, 0, 0)
    assert (undone.realised_gross, undone.realised_value) == (None, None)
    assert again.realised_gross == 900


def test_unwinding_a_sale_that_was_not_credited_reverses_nothing():
    outcome = outcome_of(REPRICE, None, Happening(unwound=sold(30)), moment(40))
    assert outcome is not None
    assert outcome.kind is Kind.UNSOLD


def test_a_sale_that_was_undone_before_the_advice_leaves_its_outcome() -> None:
    outcome = outcome_of(REPRICE, None, Happening(unwound=sold(-3)), moment(40))
    assert outcome is not None
    assert outcome.kind is Kind.UNSOLD


def test_a_vehicle_gone_before_the_advice_gives_no_outcome():
    assert outcome_of(REPRICE, None, Happening(ending=sold(-1)), moment(3)) is None


@pytest.mark.parametrize("kind", [Kind.DEPARTED, Kind.TRANSFERRED])
def test_leaving_otherwise_ends_the_days_at_risk_without_a_value(kind: Kind):
    gone = Ending(kind, day(6)) if kind is Kind.DEPARTED else None
    move = Transfer(day(6), "elsewhere") if kind is Kind.TRANSFERRED else None
    outcome = outcome_of(REPRICE, None, Happening(ending=gone, transfer=move), moment(7))
    assert outcome is not None
    assert (outcome.kind, outcome.days, outcome.sales, outcome.realised_value) == (kind, 6, 0, None)
    assert outcome.hazard_exposure == pytest.approx(6 * 0.03)


def test_a_wholesale_that_was_followed_is_measured_at_once():
    advice = replace(REPRICE, action=Action.WHOLESALE, price=None, baseline_net=-900.0, expected_daily_hazard=None)
    outcome = outcome_of(advice, ACCEPTED, Happening(ending=Ending(Kind.WHOLESALED, day(5), -600.0)), moment(6))
    assert outcome is not None
    assert (outcome.kind, outcome.followed, outcome.sales) == (Kind.WHOLESALED, True, 0)
    assert outcome.realised_value == pytest.approx((-600 - 5 * 40) - -900)
    assert outcome.hazard_exposure == pytest.approx(5 * 0.03)


@pytest.mark.parametrize(("answer", "kind"), [(ACCEPTED, Kind.WHOLESALED), (None, Kind.UNSOLD)])
def test_what_was_accepted_in_time_may_be_carried_out_after_the_advice_expired(answer: Answer | None, kind: Kind):
    advice = replace(REPRICE, action=Action.WHOLESALE, price=None)
    outcome = outcome_of(advice, answer, Happening(ending=Ending(Kind.WHOLESALED, day(18), -600.0)), moment(19))
    assert outcome is not None
    assert (outcome.kind, outcome.followed) == (kind, kind is Kind.WHOLESALED)


def test_a_transfer_counts_when_made_and_is_valued_when_the_sister_store_sells():
    advice = replace(REPRICE, action=Action.TRANSFER, price=None, destination="north", upfront_cost=250.0)
    moved = Happening(transfer=Transfer(day(4), "north"))
    assert outcome_of(advice, ACCEPTED, Happening(), moment(5)) is None
    first = outcome_of(advice, ACCEPTED, moved, moment(5))
    assert first is not None
    assert (first.kind, first.followed, first.realised_value) == (Kind.TRANSFERRED, True, None)
    later = outcome_of(advice, ACCEPTED, replace(moved, ending=sold(20)), moment(21))
    assert later is not None
    assert (later.kind, later.days, later.sales) == (Kind.SOLD, 20, 0)
    assert later.hazard_exposure == pytest.approx(4 * 0.03)
    assert later.realised_value == pytest.approx(1_200 + BACK - 20 * 40 - 250 - NET_OF_NOTHING)


def test_a_sale_brings_the_back_gross_of_the_store_that_made_it():
    advice = replace(REPRICE, action=Action.TRANSFER, price=None, destination="north", baseline_back_gross=300.0)
    moved = Happening(transfer=Transfer(day(4), "north"), ending=sold(20))
    there, here = (outcome_of(advice, answer, happened, moment(21)) for answer, happened in (
        (ACCEPTED, moved), (DECLINED, Happening(ending=sold(10)))
    ))  # fmt: skip
    assert there is not None
    assert here is not None
    assert there.realised_value == pytest.approx(1_200 + BACK - 20 * 40 - NET_OF_NOTHING)
    assert (here.followed, here.realised_value) == (False, None)


def test_what_it_changed_for_others_counts_as_expected_where_it_was_followed():
    advice = replace(REPRICE, effects=-120.0)
    happened = Happening(ending=sold(10), price_moves=FOLLOWED)
    followed, ignored = (outcome_of(advice, None, replace(happened, price_moves=moves), moment(11))
                         for moves in (FOLLOWED, ()))  # fmt: skip
    assert followed is not None
    assert ignored is not None
    assert (followed.followed, ignored.followed) == (True, False)
    assert followed.realised_value == pytest.approx(1_200 + BACK - 400 - NET_OF_NOTHING - 120)
    assert ignored.realised_value is None


def test_a_transfer_to_another_store_than_advised_is_not_following():
    advice = replace(REPRICE, action=Action.TRANSFER, price=None, destination="north")
    outcome = outcome_of(advice, None, Happening(transfer=Transfer(day(4), "south"), ending=sold(9)), moment(10))
    assert outcome is not None
    assert (outcome.kind, outcome.followed) == (Kind.TRANSFERRED, False)


def test_hold_is_followed_unless_declined_and_ends_with_its_advice():
    advice = replace(REPRICE, action=Action.HOLD, price=None, expected_daily_hazard=0.03)
    kept, refused = (outcome_of(advice, answer, None, moment(20)) for answer in (None, DECLINED))
    assert kept is not None
    assert refused is not None
    assert (kept.kind, kept.days, kept.followed, refused.followed) == (Kind.UNSOLD, 14, True, False)


def test_a_value_is_absent_where_the_gross_is_unknown():
    outcome = outcome_of(REPRICE, None, Happening(ending=sold(5, None)), moment(6))
    assert outcome is not None
    assert (outcome.kind, outcome.realised_gross, outcome.realised_value) == (Kind.SOLD, None, None)


def test_days_are_the_rooftops_own():
    west = timezone(timedelta(hours=-8))
    advice = replace(REPRICE, issued_at=datetime(2025, 6, 2, 3, tzinfo=UTC).astimezone(west))
    outcome = outcome_of(advice, None, Happening(ending=sold(5)), moment(6))
    assert outcome is not None
    assert outcome.days == 5


def test_asking_again_gives_the_same_outcome():
    happening = Happening(ending=sold(10), price_moves=FOLLOWED)
    assert outcome_of(REPRICE, ACCEPTED, happening, moment(11)) == outcome_of(
        REPRICE, ACCEPTED, happening, moment(300)
    )


def test_times_without_a_zone_and_half_closed_advice_are_refused():
    with pytest.raises(ValueError, match="now has no time zone"):
        outcome_of(REPRICE, None, None, datetime(2025, 6, 3))  # noqa: DTZ001
    with pytest.raises(ValueError, match="r1: issued_at has no time zone"):
        replace(REPRICE, issued_at=datetime(2025, 6, 3))  # noqa: DTZ001
    with pytest.raises(ValueError, match="r1: status withdrawn with closed_at None"):
        replace(REPRICE, status=Status.WITHDRAWN)
