"""Orders and purchases judged by what arrived and what it sold for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from advice_samples import ACCEPTED, DECLINED, ORDER, closed, day, moment

from services.feedback.domain import Action, Answer, Decision, Happening, Kind, Status, Stocking, outcome_of


def arrivals(*numbers: int) -> tuple[Stocking, ...]:
    return tuple(Stocking(f"VIN{number}", day(number)) for number in numbers)


def test_an_order_is_stocked_within_its_lead_time_up_to_its_quantity_and_valued_when_all_sold():
    assert outcome_of(ORDER, ACCEPTED, Happening(), moment(60)) is None
    units = arrivals(95, 40, 70, 50)
    stocked = outcome_of(ORDER, ACCEPTED, Happening(stockings=units), moment(96))
    assert stocked is not None
    assert (stocked.kind, stocked.days, stocked.vehicle_keys) == (Kind.STOCKED, 50, ("VIN40", "VIN50"))
    assert (stocked.realised_value, stocked.hazard_exposure) == (None, 0)
    first, second = arrivals(40, 50)
    sales = (replace(first, gone_on=day(60), gross=2_000.0), replace(second, gone_on=day(80), gross=1_000.0))
    done = outcome_of(ORDER, ACCEPTED, Happening(stockings=sales), moment(81))
    assert done is not None
    assert (done.kind, done.days, done.realised_gross, done.sales) == (Kind.SOLD, 80, 3_000, 0)
    assert done.realised_value == pytest.approx(3_000 + 2 * 1_000 - 40 * (20 + 30))


def test_a_purchase_that_ends_in_the_lane_is_judged_too_and_has_no_back_gross():
    first, second = arrivals(40, 50)
    ends = (
        replace(first, gone_on=day(60), gross=2_000.0),
        replace(second, gone_on=day(140), gross=-1_500.0, retailed=False),
    )
    done = outcome_of(ORDER, ACCEPTED, Happening(stockings=ends), moment(141))
    assert done is not None
    assert (done.kind, done.realised_gross) == (Kind.SOLD, 500.0)
    assert done.realised_value == pytest.approx(500 + 1_000 - 40 * (20 + 90))
    crowded = replace(ORDER, effects=-600.0, lane_fee=300.0)
    dearer = outcome_of(crowded, ACCEPTED, Happening(stockings=ends), moment(141))
    assert dearer is not None
    assert dearer.realised_value == pytest.approx(500 + 1_000 - 40 * (20 + 90) - 600 - 300)
    lane = outcome_of(ORDER, ACCEPTED, Happening(stockings=(replace(ends[1], on=first.on), ends[1])), moment(141))
    assert lane is not None
    assert lane.kind is Kind.WHOLESALED


def test_an_order_waits_for_the_rest_of_its_quantity_until_the_lead_time_is_over():
    one = (replace(arrivals(40)[0], gone_on=day(60), gross=2_000.0),)
    waiting, over = (outcome_of(ORDER, None, Happening(stockings=one), moment(d)) for d in (70, 91))
    assert waiting is not None
    assert over is not None
    assert (waiting.kind, over.kind, over.followed) == (Kind.STOCKED, Kind.SOLD, True)
    agreed = outcome_of(ORDER, ACCEPTED, Happening(stockings=one), moment(91))
    assert agreed is not None
    assert (over.realised_value, agreed.realised_value) == (None, pytest.approx(2_000 + 1_000 - 40 * 20))


@pytest.mark.parametrize(
    ("answer", "now", "on"),
    [(DECLINED, 2, 1), (None, 91, 90), (Answer(Decision.MODIFIED, moment(3), quantity=0), 4, 3)],
    ids=["declined", "nothing came in time", "modified to none"],
)
def test_bringing_in_nothing_is_worth_nothing_against_doing_nothing(answer: Answer | None, now: int, on: int):
    outcome = outcome_of(ORDER, answer, Happening(), moment(now))
    assert outcome is not None
    assert (outcome.kind, outcome.days, outcome.followed, outcome.realised_value) == (
        Kind.UNSOLD,
        on,
        False,
        None,
    )


def test_acquiring_has_a_shorter_lead_time_and_modified_quantities_count():
    advice = replace(ORDER, action=Action.ACQUIRE, quantity=5)
    late = outcome_of(advice, None, Happening(stockings=arrivals(31)), moment(32))
    assert late is not None
    assert (late.kind, late.days) == (Kind.UNSOLD, 30)
    answer = Answer(Decision.MODIFIED, moment(1), quantity=1)
    outcome = outcome_of(advice, answer, Happening(stockings=arrivals(10, 12)), moment(13))
    assert outcome is not None
    assert outcome.vehicle_keys == ("VIN10",)


def test_what_was_on_order_before_is_no_order_of_the_advice():
    pipeline, mine = arrivals(4, 40)
    units = (replace(pipeline, ordered_on=day(-50)), replace(mine, ordered_on=day(2)))
    outcome = outcome_of(ORDER, ACCEPTED, Happening(stockings=units), moment(60))
    assert outcome is not None
    assert (outcome.vehicle_keys, outcome.lead_days) == (("VIN40",), (39,))
    assert outcome_of(ORDER, ACCEPTED, Happening(stockings=units[:1]), moment(60)) is None


def test_superseded_orders_leave_their_arrivals_to_the_successor_unless_they_were_accepted():
    advice = closed(ORDER, 2, Status.SUPERSEDED)
    happening = Happening(stockings=arrivals(40, 50))
    assert outcome_of(advice, None, happening, moment(60)) is None
    accepted = outcome_of(advice, ACCEPTED, happening, moment(60))
    assert accepted is not None
    assert accepted.kind is Kind.STOCKED
