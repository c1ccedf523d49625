"""A vehicle's state as it is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from services.inventory.domain import Dealer
from services.inventory.translate import inventory_updated
from tests.unit.inventory.reported import NORTH, change, life_of, stocked

if TYPE_CHECKING:
    from shared.events import InventoryUpdated

TENANT = UUID(int=9)


def published(currency: str, *told: dict[str, Any]) -> InventoryUpdated:
    first, *later = told
    life = life_of(stocked(**first), *(change(day, "vehicle.updated", **facts) for day, facts in enumerate(later, 1)))
    dealers = {(TENANT, NORTH): Dealer(TENANT, NORTH, "A store", currency, "US-MI")}
    return inventory_updated(TENANT, life.vehicle, dealers, ())


@pytest.mark.parametrize(("currency", "unit"), [("USD", "mi"), ("GBP", "mi"), ("CAD", "km"), ("EUR", "km")])
def test_an_odometer_without_a_unit_counts_what_is_usual_there(currency: str, unit: str) -> None:
    assert published(currency, {"odometer": 60_000}).odometer_unit == unit
    assert published(currency, {}).odometer_unit is None


def test_a_unit_that_was_told_once_stays() -> None:
    told = published("USD", {"odometer": 59_000, "odometer_unit": "km"}, {"odometer": 60_000})
    assert (told.odometer, told.odometer_unit) == (60_000, "km")
