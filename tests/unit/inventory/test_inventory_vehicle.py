"""Altering a vehicle: as replacing fields, but cheap."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from services.inventory.domain import Status, Vehicle
from services.inventory.store import vehicle_of

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


def test_a_row_of_a_newer_schema_is_read_by_what_this_build_knows() -> None:
    row = {**vars(CAMRY), "tenant_id": UUID(int=3), "price_history": [["2026-01-05", "19500.00"]]}
    known = vehicle_of(row)  # type: ignore[arg-type]  # a record is read as a mapping is
    newer = vehicle_of({**row, "added_later": 1})  # type: ignore[arg-type]
    assert newer == known == replace(CAMRY, price_history=((date(2026, 1, 5), Decimal("19500.00")),))
