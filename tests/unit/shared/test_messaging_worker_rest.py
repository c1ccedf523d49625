"""How long a worker rests while events stream in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.worker import (
    HARD_REST_SECONDS,
    STREAM_REST_SECONDS,
    STREAM_RESTS,
    WAITED_SECONDS,
    stream_rest,
)


def test_it_rests_in_proportion_to_what_it_took_and_to_what_streams_in() -> None:
    assert stream_rest(0.2, 1.0, 0.0) == pytest.approx(0.2 * STREAM_RESTS)
    assert stream_rest(0.2, 10.0, 0.0) == pytest.approx(10 * stream_rest(0.2, 1.0, 0.0))


def test_it_does_not_rest_for_a_stream_that_is_none() -> None:
    assert stream_rest(60.0, 0.0, 0.0) == 0


def test_no_stream_keeps_advice_waiting_for_ever() -> None:
    assert stream_rest(60.0, 1.0, 0.0) == STREAM_REST_SECONDS
    assert stream_rest(60.0, 1_000.0, 0.0) == HARD_REST_SECONDS


@given(worked=st.floats(0, 600), pressure=st.floats(1, 100), waited=st.floats(0, 7_200), later=st.floats(0, 7_200))
def test_the_longer_work_has_waited_the_less_it_gives_way_for_a_hard_stream(worked, pressure, waited, later) -> None:
    rest = stream_rest(worked, pressure, waited)
    assert stream_rest(worked, pressure, waited + later) <= rest <= HARD_REST_SECONDS
    assert rest >= stream_rest(worked, 1.0, waited), "and never less than for a stream that just is one"
    assert stream_rest(worked, pressure, WAITED_SECONDS) == stream_rest(worked, 1.0, 0.0)
