"""How long failures make somebody wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.sign_in_throttle import (
    PAIR,
    WINDOW,
    Failures,
    Limit,
    after_success,
    after_try,
    seconds_to_wait,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
NONE = Failures(0, START, START)


def failed(times: int, limit: Limit = PAIR) -> tuple[Failures, datetime]:
    """Fail as fast as one is let; gives what is remembered then, and when that is."""
    known, now = NONE, START
    for _ in range(times):
        now += timedelta(seconds=seconds_to_wait(known, now))
        known = after_try(known, limit, now)
    return known, now


def test_first_failures_cost_nothing_and_each_after_them_twice_as_much() -> None:
    waits = [seconds_to_wait(*failed(times)) for times in range(8, 16)]
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32]
    assert seconds_to_wait(*failed(60)) == PAIR.most_seconds


def test_a_day_of_guessing_from_one_place_is_about_a_hundred_guesses() -> None:
    known, now, guesses = NONE, START, 0
    while now < START + timedelta(days=1):
        known = after_try(known, PAIR, now)
        guesses += 1
        now += timedelta(seconds=max(0.001, seconds_to_wait(known, now)))
    assert 90 < guesses < 130


@given(st.integers(0, 10_000), st.floats(0, 3600))
def test_wait_is_bounded_whatever_the_count(count: int, seconds: float) -> None:
    known = after_try(Failures(count, START, START), PAIR, START)
    assert 0 <= seconds_to_wait(known, START + timedelta(seconds=seconds)) <= PAIR.most_seconds


def test_failures_of_an_hour_ago_are_forgotten() -> None:
    known, now = failed(40)
    assert after_try(known, PAIR, now + WINDOW).count == 1
    assert after_try(known, PAIR, now + WINDOW - timedelta(seconds=1)).count == 41


def test_success_takes_back_its_own_try_and_leaves_what_others_did() -> None:
    known, now = failed(30)
    assert after_success(known, PAIR) == Failures(29, now, known.retry_at)
    few, then = failed(5)
    assert after_success(after_try(few, PAIR, then), PAIR).count == 5
    assert after_success(NONE, PAIR).count == 0


def test_try_that_began_earlier_and_is_counted_later_does_not_wait() -> None:
    later = after_try(NONE, PAIR, START + timedelta(seconds=1))
    assert seconds_to_wait(later, START) == 0
    assert seconds_to_wait(after_success(later, PAIR), START) == 0
