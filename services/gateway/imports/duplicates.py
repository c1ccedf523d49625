"""Vehicles that stand in a file more than once; memory grows with the vehicles, not with the file."""

from __future__ import annotations

import datetime as dt
from enum import Enum, auto

from services.gateway.imports.rows import ImportedRow, InventoryRow, ListingRow, RowProblem, SaleRow
from services.gateway.imports.warnings import WarningKind, WarningTally


class Seen(Enum):
    """What to do with a row that is well formed."""

    TAKE = auto()
    REPLACE = auto()
    PASS_OVER = auto()


class Duplicates:
    """Remembers which line holds each vehicle and judges the rows that name it again."""

    def __init__(self, warnings: WarningTally) -> None:
        """Start with no vehicle seen."""
        self._warnings = warnings
        self._vehicles: dict[str, int] = {}
        self._sales: dict[tuple[str, dt.date], int] = {}
        self._listings: dict[str, tuple[int, dt.date]] = {}

    def judge(self, row: ImportedRow) -> Seen | RowProblem:
        """Judge a row: in stock a VIN stands once, a sale once a day; of listings the newest is kept."""
        if isinstance(row, InventoryRow):
            held = self._vehicles.setdefault(row.vin, row.line)
            what = "the vehicle is already in stock"
        elif isinstance(row, SaleRow):
            held = self._sales.setdefault((row.vin, row.sale_date), row.line)
            what = f"the sale of this vehicle on {row.sale_date} already stands"
        else:
            return self._judge_listing(row)
        return Seen.TAKE if held == row.line else RowProblem(row.line, "vin", f"{what} on line {held}", row.vin)

    def _judge_listing(self, row: ListingRow) -> Seen:
        seen_on = row.last_seen or row.snapshot_date or row.first_seen or dt.date.min
        held = self._listings.get(row.vin)
        if held is not None and seen_on < held[1]:
            self._warnings.add(WarningKind.DUPLICATE_OLDER, row.line, f"{row.vin}, newer on line {held[0]}")
            return Seen.PASS_OVER
        self._listings[row.vin] = (row.line, seen_on)
        if held is None:
            return Seen.TAKE
        self._warnings.add(WarningKind.DUPLICATE_REPLACED, row.line, f"{row.vin}, earlier on line {held[0]}")
        return Seen.REPLACE
