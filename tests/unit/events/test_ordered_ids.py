"""Ids that stand together in an index when their events followed one another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122

from hypothesis import given
from hypothesis import strategies as st

from shared.events import ordered_id

TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis wants them so
CAUSES = st.lists(st.one_of(st.text(max_size=20), st.integers()), max_size=4)


@given(TIMES, CAUSES)
def test_the_same_cause_at_the_same_time_is_the_same_id(at: datetime, cause: list[object]) -> None:
    assert ordered_id(at, *cause) == ordered_id(at, *cause)
    assert ordered_id(at, *cause) == ordered_id(at.astimezone(), *cause)


@given(TIMES, CAUSES)
def test_it_is_a_custom_uuid(at: datetime, cause: list[object]) -> None:
    found = ordered_id(at, *cause)
    assert (found.version, found.variant) == (8, RFC_4122)


@given(TIMES, CAUSES, CAUSES, st.timedeltas(timedelta(milliseconds=2), timedelta(days=365)))
def test_ids_are_ordered_as_their_times_are(
    at: datetime, cause: list[object], other: list[object], later: timedelta
) -> None:
    assert ordered_id(at, *cause) < ordered_id(at + later, *other)


def test_what_was_caused_otherwise_in_the_same_moment_has_an_id_of_its_own() -> None:
    at = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)
    assert len({ordered_id(at, "inventory-updated", n) for n in range(1000)}) == 1000
