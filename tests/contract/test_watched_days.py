"""What one service foretells of the other's window has to be of the same window."""

from __future__ import annotations

from services.feedback.domain.watching import UNIT_DAYS
from services.recommend.domain.confidence.units import WATCHED_DAYS


def test_calls_are_foretold_for_as_long_as_vehicles_are_watched() -> None:
    assert WATCHED_DAYS == UNIT_DAYS
