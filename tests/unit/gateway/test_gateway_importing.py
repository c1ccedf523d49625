"""When a file speaks: a snapshot now, if it is of the rooftop's own today; a sale at the end of its day there."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.gateway.importing.row_events import first_moment, moment, moment_of_sale

EVENING_IN_DETROIT = datetime(2026, 4, 16, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize("timezone", ["America/Detroit", "Europe/Berlin"])
def test_snapshot_of_today_in_the_rooftops_zone_speaks_now(timezone: str) -> None:
    today = date(2026, 4, 15) if timezone == "America/Detroit" else date(2026, 4, 16)
    assert moment(today, timezone, EVENING_IN_DETROIT) == EVENING_IN_DETROIT


def test_snapshot_of_an_earlier_day_speaks_at_its_noon() -> None:
    noon = datetime(2026, 4, 14, 16, tzinfo=UTC)
    assert moment(date(2026, 4, 14), "America/Detroit", EVENING_IN_DETROIT) == noon
    assert moment(date(2026, 4, 15), "Europe/Berlin", EVENING_IN_DETROIT) == datetime(2026, 4, 15, 10, tzinfo=UTC)


def test_a_day_begins_where_the_rooftop_is() -> None:
    assert first_moment(date(2026, 4, 14), "Australia/Sydney") == datetime(2026, 4, 13, 14, tzinfo=UTC)


def test_a_sale_is_told_at_the_end_of_its_day_at_the_rooftop_and_never_ahead_of_now() -> None:
    sold = moment_of_sale(date(2026, 4, 14), "Australia/Sydney", EVENING_IN_DETROIT)
    assert sold == datetime(2026, 4, 14, 13, 59, tzinfo=UTC)
    assert moment_of_sale(date(2026, 4, 15), "America/Detroit", EVENING_IN_DETROIT) == EVENING_IN_DETROIT
