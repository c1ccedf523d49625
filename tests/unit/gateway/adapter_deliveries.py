"""A delivery, two rooftops and their codes, for the tests of adapters."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import services.gateway.adapters
from services.gateway.adapters import ADAPTERS, Delivery, Mapped
from services.gateway.store.accounts import Dealer

EXAMPLES = Path(services.gateway.adapters.__file__).parent / "examples"
NOW = datetime(2026, 4, 15, 12, tzinfo=UTC)
TENANT, NORTH, SOUTH, ELSEWHERE = (UUID(int=number) for number in (9, 1, 2, 3))
DEALERS = {
    dealer_id: Dealer(TENANT, dealer_id, name, "USD", "US-MI", "America/Detroit")
    for dealer_id, name in ((NORTH, "Northside"), (SOUTH, "Southside"))
}
CODES = {"DL-99482": str(NORTH), "DL-99483": str(SOUTH)}
STAR = ("star_inventory_vehicle", "star_retail_delivery_report", "star_vehicle_transfer_order")


def delivery(**changes: Any) -> Delivery:
    values = {"delivery_id": "msg_1", "at": NOW, "source_id": "src1", "dealers": DEALERS, "dealer_codes": CODES}
    return Delivery(**{**values, **changes})


def example(adapter: str, part: str = "json") -> Any:
    return json.loads((EXAMPLES / f"{adapter}.{part}").read_text(encoding="utf-8"))


def read(adapter: str, document: Any, **changes: Any) -> list[Mapped]:
    return list(ADAPTERS[adapter].read(document, delivery(**changes)))
