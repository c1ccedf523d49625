"""The rows an import gives: typed, checked and independent of the file they came from.

Money is in the store's currency with two decimals; dates are calendar dates in the sender's time zone; None
means the file does not say. `line` is the row's place in the file.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict

from services.gateway.imports.columns import OdometerUnit
from services.gateway.imports.words import Availability, Condition, PurchaseType
from shared.events.vin import Vin


class VehicleFields(TypedDict):
    """What every kind of row says about the vehicle itself."""

    line: int
    vin: Vin
    condition: Condition
    certified: bool | None
    model_year: int | None
    make: str
    model: str
    trim: str | None
    body: str | None
    drivetrain: str | None
    fuel: str | None
    transmission: str | None
    exterior_color: str | None
    odometer: int | None
    odometer_unit: OdometerUnit
    msrp: Decimal | None
    country: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleRow:
    """What every kind of row says about the vehicle; `country` of build is read from the VIN."""

    line: int
    vin: Vin
    condition: Condition
    certified: bool | None
    model_year: int | None
    make: str
    model: str
    trim: str | None
    body: str | None
    drivetrain: str | None
    fuel: str | None
    transmission: str | None
    exterior_color: str | None
    odometer: int | None
    odometer_unit: OdometerUnit
    msrp: Decimal | None
    country: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryRow(VehicleRow):
    """A vehicle in stock on the as-of date."""

    stock_number: str | None
    list_price: Decimal | None
    invoice: Decimal | None
    cost: Decimal | None
    recon_cost: Decimal | None
    stock_date: dt.date | None
    availability: Availability | None
    location: str | None
    photo_count: int | None
    store: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleRow(VehicleRow):
    """A vehicle sold; grosses may be negative."""

    stock_number: str | None
    sale_date: dt.date
    sale_price: Decimal | None
    list_price: Decimal | None
    invoice: Decimal | None
    cost: Decimal | None
    recon_cost: Decimal | None
    front_gross: Decimal | None
    back_gross: Decimal | None
    purchase_type: PurchaseType | None
    stock_date: dt.date | None
    store: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingRow(VehicleRow):
    """A vehicle advertised in the market, by anybody.

    `removed` says the advert was seen to go; False that it was still up when last looked for.
    """

    listing_id: str | None
    price: Decimal | None
    first_price: Decimal | None
    seller: str | None
    first_seen: dt.date | None
    last_seen: dt.date | None
    snapshot_date: dt.date | None
    days_listed: int | None
    removed: bool | None
    left_censored: bool | None


ImportedRow = InventoryRow | SaleRow | ListingRow


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One reason for which a row was refused; `field` is None when the row as a whole is out of shape."""

    line: int
    field: str | None
    reason: str
    value: str | None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A refused row with all that is wrong with it and its cells as they stood in the file."""

    line: int
    problems: tuple[RowProblem, ...]
    cells: tuple[str | None, ...]

    @property
    def reason(self) -> str:
        """All problems in one sentence, each with its field."""
        return "; ".join(
            f"{problem.field}: {problem.reason}" if problem.field else problem.reason for problem in self.problems
        )
