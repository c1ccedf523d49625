"""When a snapshot speaks: now, if it is of the rooftop's own today."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.gateway.importing.row_events import moment

EVENING_IN_DETROIT = datetime(2026, 4, 16, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize("timezone", ["America/Detroit", "Europe/Berlin"])
def test_snapshot_of_today_in_the_rooftops_zone_speaks_now(timezone: str) -> None:
    today = date(2026, 4, 15) if timezone == "America/Detroit" else date(2026, 4, 16)
    assert moment(today, timezone, EVENING_IN_DETROIT) == EVENING_IN_DETROIT


def test_snapshot_of_an_earlier_day_speaks_at_its_noon() -> None:
    noon = datetime(2026, 4, 14, 12, tzinfo=UTC)
    assert moment(date(2026, 4, 14), "America/Detroit", EVENING_IN_DETROIT) == noon
    assert moment(date(2026, 4, 15), "Europe/Berlin", EVENING_IN_DETROIT) == datetime(2026, 4, 15, 12, tzinfo=UTC)
