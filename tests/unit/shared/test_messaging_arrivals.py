"""Arrivals: late is told by the newest report of a batch, a stream by how many come; both end when no more come."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from shared.messaging.arrivals import (
    LATE_SECONDS,
    RECENT_SECONDS,
    STREAM_SECONDS,
    Arrivals,
)
from shared.messaging.kafka_settings import STREAM_PER_SECOND

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


@dataclass(frozen=True)
class Report:
    """An event that tells when the gateway received it."""

    received_at: datetime


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def arrivals(clock: Clock) -> Arrivals:
    return Arrivals(now=lambda: NOW, clock=clock)


def old(seconds: float) -> Report:
    return Report(NOW - timedelta(seconds=seconds))


def test_nothing_is_late_before_anything_came(arrivals: Arrivals) -> None:
    assert not arrivals.late


def test_a_batch_is_as_late_as_its_newest_report(arrivals: Arrivals) -> None:
    arrivals.took_in([old(LATE_SECONDS + 60), old(LATE_SECONDS + 1)])
    assert arrivals.late
    arrivals.took_in([old(LATE_SECONDS + 60), old(LATE_SECONDS / 2)])
    assert not arrivals.late


def test_events_that_tell_no_receipt_change_nothing(arrivals: Arrivals) -> None:
    arrivals.took_in([old(LATE_SECONDS + 1)])
    arrivals.took_in([object()])
    assert arrivals.late


def test_it_is_forgotten_when_no_more_come(arrivals: Arrivals, clock: Clock) -> None:
    arrivals.took_in([old(LATE_SECONDS + 1)])
    clock.seconds = RECENT_SECONDS
    assert not arrivals.late


def test_few_events_are_no_stream(arrivals: Arrivals) -> None:
    arrivals.took_in([object()] * int(STREAM_PER_SECOND * STREAM_SECONDS - 1))
    assert arrivals.pressure == 0


def test_events_stream_in_however_they_are_batched_and_until_no_more_come(arrivals: Arrivals, clock: Clock) -> None:
    half = [object()] * int(STREAM_PER_SECOND * STREAM_SECONDS / 2)
    arrivals.took_in(half)
    clock.seconds = STREAM_SECONDS / 2
    arrivals.took_in(half)
    assert arrivals.pressure == 1
    clock.seconds = STREAM_SECONDS
    assert arrivals.pressure == 0


def test_how_many_make_a_stream_is_the_operators_to_say(clock: Clock) -> None:
    arrivals = Arrivals(stream_per_second=5_000.0, now=lambda: NOW, clock=clock)
    arrivals.took_in([object()] * int(5_000 * STREAM_SECONDS - 1))
    assert arrivals.pressure == 0
    arrivals.took_in([object()])
    assert arrivals.pressure == 1


def test_nothing_is_a_stream_where_it_is_switched_off(clock: Clock) -> None:
    arrivals = Arrivals(stream_per_second=0.0, now=lambda: NOW, clock=clock)
    assert arrivals.pressure == 0
    arrivals.took_in([object()] * 100_000)
    assert arrivals.pressure == 0


def test_pressure_grows_with_what_streams_in(arrivals: Arrivals, clock: Clock) -> None:
    for second in range(8):
        clock.seconds = second / 2
        arrivals.took_in([object()] * int(5 * STREAM_PER_SECOND / 2))
    assert arrivals.pressure == 5


def test_a_batch_that_takes_long_is_no_end_of_a_stream(arrivals: Arrivals, clock: Clock) -> None:
    arrivals.took_in([object()] * int(STREAM_PER_SECOND * STREAM_SECONDS))
    clock.seconds = STREAM_SECONDS / 2
    with arrivals.taking_in():
        clock.seconds = 60.0
        assert arrivals.pressure == 1
    assert arrivals.pressure == 0


def test_a_batch_that_takes_long_is_no_end_of_being_late(arrivals: Arrivals, clock: Clock) -> None:
    arrivals.took_in([old(LATE_SECONDS + 1)])
    with arrivals.taking_in():
        clock.seconds = 60.0
        assert arrivals.late
    assert not arrivals.late


def test_a_batch_that_failed_is_not_being_taken_in(arrivals: Arrivals, clock: Clock) -> None:
    arrivals.took_in([old(LATE_SECONDS + 1)])
    with contextlib.suppress(TimeoutError), arrivals.taking_in():
        raise TimeoutError
    clock.seconds = 60.0
    assert not arrivals.late
