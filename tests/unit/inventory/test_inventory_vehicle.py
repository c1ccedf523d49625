"""Altering a vehicle: as replacing fields, but cheap."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from services.inventory.domain import Status, Vehicle

CAMRY = Vehicle(
    "1M8GDM9AXKP042788", UUID(int=1), Status.IN_STOCK, datetime(2026, 1, 5, tzinfo=UTC), UUID(int=2), make="Toyota"
)


def test_altering_gives_what_replacing_gives_and_leaves_the_original() -> None:
    before = replace(CAMRY)
    changes = {"status": Status.SOLD, "sale_price": Decimal(19_500), "make": None}
    assert CAMRY.altered(**changes) == replace(CAMRY, **changes)
    assert before == CAMRY


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        CAMRY.altered(colour="red")
