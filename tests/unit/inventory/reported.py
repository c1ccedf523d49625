"""What is reported of one vehicle, day by day, for the tests of its life."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from services.inventory.domain import Change, Life, fold

NORTH, SOUTH = UUID(int=1), UUID(int=2)
KEY = "1M8GDM9AXKP042788"
DAY_0 = date(2026, 3, 2)


def on(day: int) -> date:
    return DAY_0 + timedelta(days=day)


def change(day: int, kind: str, dealer: UUID = NORTH, **facts: Any) -> Change:
    at = datetime(DAY_0.year, DAY_0.month, DAY_0.day, 15, tzinfo=UTC) + timedelta(days=day)
    return Change(uuid5(UUID(int=0), f"{day} {kind} {facts}"), at, kind, dealer, facts, at)


def stocked(day: int = 0, **facts: Any) -> Change:
    return change(day, "vehicle.stocked", **{"stock_date": on(day), "cost": Decimal(17_000), **facts})


def sold(day: int, **facts: Any) -> Change:
    return change(day, "vehicle.sold", **{"sale_price": Decimal(19_000), **facts})


def life_of(*changes: Change) -> Life:
    return fold(KEY, None, changes)
