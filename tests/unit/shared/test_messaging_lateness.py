"""Lateness: told by the newest report of a batch, and forgotten once no more come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from shared.messaging.lateness import LATE_SECONDS, RECENT_SECONDS, Lateness

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
def lateness(clock: Clock) -> Lateness:
    return Lateness(now=lambda: NOW, clock=clock)


def old(seconds: float) -> Report:
    return Report(NOW - timedelta(seconds=seconds))


def test_nothing_is_late_before_anything_came(lateness: Lateness) -> None:
    assert not lateness.late


def test_a_batch_is_as_late_as_its_newest_report(lateness: Lateness) -> None:
    lateness.took_in([old(LATE_SECONDS + 60), old(LATE_SECONDS + 1)])
    assert lateness.late
    lateness.took_in([old(LATE_SECONDS + 60), old(LATE_SECONDS / 2)])
    assert not lateness.late


def test_events_that_tell_no_receipt_change_nothing(lateness: Lateness) -> None:
    lateness.took_in([old(LATE_SECONDS + 1)])
    lateness.took_in([object()])
    assert lateness.late


def test_it_is_forgotten_when_no_more_come(lateness: Lateness, clock: Clock) -> None:
    lateness.took_in([old(LATE_SECONDS + 1)])
    clock.seconds = RECENT_SECONDS
    assert not lateness.late
