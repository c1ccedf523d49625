"""A vehicle as pages show it: what the read model does not know of it is there all the same, as null."""

from __future__ import annotations

from datetime import date

from services.gateway.api.inventory import shown_vehicle
from shared.events import InventoryUpdated


def test_what_is_not_known_of_a_vehicle_is_shown_as_null() -> None:
    known = {"vehicle_key": "1M8GDM9AXKP042788", "status": "in_stock", "make": "Ford"}
    shown = shown_vehicle({"document": known, "days": 3, "group_days": 4}, {}, date(2026, 4, 20))
    assert shown.items() >= {**known, "trim": None, "days": 3, "group_days": 4, "market": None}.items()
    assert shown.keys() >= InventoryUpdated.model_fields.keys()


def test_of_a_vehicle_that_left_no_days_are_shown() -> None:
    shown = shown_vehicle(
        {"document": {"vehicle_key": "a", "status": "sold"}, "days": 3, "group_days": 4}, {}, date(2026, 4, 20)
    )
    assert (shown["days"], shown["group_days"], shown["market"]) == (None, None, None)
