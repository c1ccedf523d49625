"""How long a worker rests while events stream in."""

import pytest

from shared.messaging.worker import STREAM_REST_SECONDS, STREAM_RESTS, stream_rest


def test_it_rests_in_proportion_to_what_it_took_and_to_what_streams_in() -> None:
    assert stream_rest(0.2, 1.0) == pytest.approx(0.2 * STREAM_RESTS)
    assert stream_rest(0.2, 10.0) == pytest.approx(10 * stream_rest(0.2, 1.0))


def test_it_does_not_rest_for_a_stream_that_is_none() -> None:
    assert stream_rest(60.0, 0.0) == 0


def test_no_stream_keeps_advice_waiting_for_ever() -> None:
    assert stream_rest(60.0, 1_000.0) == STREAM_REST_SECONDS
