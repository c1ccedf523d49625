"""What a row may state, the event made of it may carry: nothing that was accepted fails on its way."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from services.gateway.importing.row_events import listing_of, market_chunk, vehicle_event
from services.gateway.imports import ImportKind, ListingRow, RejectedRow, read_import
from services.gateway.store.accounts import Dealer
from services.gateway.store.imports import Import
from shared.events import DmsEventReceived, MarketDataReceived

if TYPE_CHECKING:
    from pathlib import Path

    from services.gateway.imports import ImportedRow

AS_OF = date(2026, 4, 15)
DEALER = Dealer(UUID(int=1), UUID(int=2), "A store", "USD", "US-MI", "UTC")
SURE = {"VIN": "WA1GCCFS9JR009139", "Year": "2018", "Price": "20000", "Sale Date": "2026-04-01", "Condition": "Used"}
TEXTS = {
    ImportKind.INVENTORY: ("Make", "Model", "Trim", "Body", "Drivetrain", "Fuel", "Exterior Color", "Stock #"),
    ImportKind.SALES: (
        "Make",
        "Model",
        "Trim",
        "Body",
        "Drivetrain",
        "Fuel",
        "Exterior Color",
        "Stock #",
        "Deal Type",
    ),
    ImportKind.MARKET: ("Make", "Model", "Trim", "Body", "Listing ID", "Seller"),
}
NUMBERS = {"Mileage": "2000000", "MSRP": "5000000", "Price": "5000000", "Cost": "5000000", "Photos": "99999"}


def imported(folder: Path, kind: ImportKind, stated: dict[str, str]) -> ImportedRow | RejectedRow:
    path = folder / "file.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([list(stated), list(stated.values())])
    (row,) = read_import(path, path.name, kind, as_of=AS_OF, default_odometer_unit="mi")
    return row


def survives(kind: ImportKind, row: ImportedRow) -> None:
    """Read the event of a row as its consumers do; raises ``ValidationError`` where they would refuse it."""
    work = Import(
        DEALER.tenant_id, UUID(int=3), DEALER.dealer_id, kind, "delta", "file.csv", AS_OF, None,
        confirm=False, by_store=False,
    )  # fmt: skip
    if isinstance(row, ListingRow):
        chunk = market_chunk(work, DEALER, [listing_of(row, AS_OF)], 0)
        MarketDataReceived.model_validate_json(chunk.model_dump_json())
        return
    said = "vehicle.sold" if kind is ImportKind.SALES else "vehicle.stocked"
    event = vehicle_event(work, DEALER, row, said, datetime(2026, 4, 1, tzinfo=UTC))
    DmsEventReceived.model_validate_json(event.model_dump_json())


@pytest.mark.parametrize(("kind", "column"), [(kind, column) for kind, texts in TEXTS.items() for column in texts])
def test_the_longest_text_that_a_row_may_state_is_carried(tmp_path: Path, kind: ImportKind, column: str) -> None:
    others = {"Make": "Audi", "Model": "Q3"}
    lengths = [
        length
        for length in range(30, 130)
        if not isinstance(imported(tmp_path, kind, {**SURE, **others, column: "x" * length}), RejectedRow)
    ]
    assert lengths
    row = imported(tmp_path, kind, {**SURE, **others, column: "x" * lengths[-1]})
    assert not isinstance(row, RejectedRow)
    survives(kind, row)


@pytest.mark.parametrize("kind", list(TEXTS))
def test_the_highest_numbers_that_a_row_may_state_are_carried(tmp_path: Path, kind: ImportKind) -> None:
    row = imported(tmp_path, kind, {**SURE, "Make": "Audi", "Model": "Q3", **NUMBERS})
    assert not isinstance(row, RejectedRow), row.reason
    survives(kind, row)
