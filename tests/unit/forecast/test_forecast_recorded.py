"""From which week on a rooftop's sales are on record."""

from __future__ import annotations

from datetime import date, timedelta

from services.forecast.domain.history import Stay
from services.forecast.forecasting import recorded_histories

AS_OF = date(2026, 3, 2)  # a Monday
USED, NEW, DEMO = "used/toyota/camry", "new/toyota/camry", "new/toyota/supra"


def stay(segment: str, came_days_ago: int, left_days_ago: int | None = None, *, sold: bool = True) -> Stay:
    left = None if left_days_ago is None else AS_OF - timedelta(days=left_days_ago)
    return Stay(segment, AS_OF - timedelta(days=came_days_ago), left, sold=sold and left is not None)


def test_years_of_new_sales_say_nothing_of_used_cars_known_since_last_month() -> None:
    imported = [stay(NEW, 700 - 14 * number, 690 - 14 * number) for number in range(48)]
    watched = [stay(USED, 200, 40), stay(USED, 150, 20), stay(USED, 180, 5), stay(USED, 90)]
    found = recorded_histories([*imported, *watched], AS_OF)
    assert (found[USED].periods, found[USED].values.sum()) == (6, 3)
    assert (found[NEW].periods, found[NEW].values.sum()) == (99, 48)


def test_what_never_sold_of_its_kind_goes_by_all_sales() -> None:
    found = recorded_histories([stay(USED, 90, 70), stay(USED, 60), stay(DEMO, 200)], AS_OF)
    assert (found[DEMO].periods, found[DEMO].values.sum()) == (10, 0)
    assert found[USED].periods == 10


def test_nothing_sold_is_no_history() -> None:
    assert recorded_histories([], AS_OF) == {}
    assert recorded_histories([stay(USED, 60)], AS_OF)[USED].periods == 0
