"""Builds one row of each kind from the cells of the current line; refusals are left in the reader."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from services.gateway.imports.fields import ImportKind
from services.gateway.imports.row_reader import RowReader
from services.gateway.imports.rows import ImportedRow, InventoryRow, ListingRow, SaleRow
from services.gateway.imports.vehicles import read_vehicle
from services.gateway.imports.warnings import WarningKind
from services.gateway.imports.words import PURCHASE_TYPES, Availability, PurchaseType, availability_of

_LONGEST_STAY: Final = 36_500
_LONGEST_STOCK_NUMBER, _LONGEST_NAME = 64, 120
"""As long as events carry them."""
_DAY: Final = dt.timedelta(days=1)


def build_inventory(reader: RowReader, as_of: dt.date) -> InventoryRow | None:
    """Build a vehicle in stock; days in stock count back from `as_of`. None when it is refused."""
    vehicle = read_vehicle(reader, as_of)
    price, invoice = reader.money("list_price"), reader.money("invoice")
    cost, recon_cost = reader.money("cost"), reader.money("recon_cost")
    stock_date = _stock_date(reader, as_of, as_of)
    stock_number, store = reader.text("stock_number", _LONGEST_STOCK_NUMBER), reader.store()
    availability = _availability(reader)
    if vehicle is None or reader.problems:
        return None
    if cost is None:
        reader.warn(WarningKind.MISSING_COST)
    if stock_date is None:
        reader.warn(WarningKind.MISSING_STOCK_DATE)
    return InventoryRow(
        **vehicle,
        stock_number=stock_number,
        list_price=_or_msrp(reader, price, vehicle["msrp"]),
        invoice=invoice,
        cost=cost,
        recon_cost=recon_cost,
        stock_date=stock_date,
        availability=availability,
        location=reader.text("location", needed=False),
        photo_count=reader.photo_count(),
        store=store,
    )


def _availability(reader: RowReader) -> Availability | None:
    """Read whether it is for sale; nothing where the file has no statuses.

    What a status leaves blank, or says in other words, is no longer promised or held.
    """
    if not reader.has("status"):
        return None
    status = reader.text("status", needed=False)
    if status is None:
        return "available"
    known = availability_of(status)
    if known is None:
        reader.warn(WarningKind.UNKNOWN_STATUS, status)
    return known or "available"


def build_sale(reader: RowReader, as_of: dt.date) -> SaleRow | None:
    """Build a sale; days in stock count back from the sale date. None when it is refused."""
    vehicle = read_vehicle(reader, as_of)
    sale_price, list_price = reader.money("sale_price"), reader.money("list_price")
    invoice, cost, recon_cost = reader.money("invoice"), reader.money("cost"), reader.money("recon_cost")
    front, back = reader.money("front_gross", signed=True), reader.money("back_gross", signed=True)
    known_problems = len(reader.problems)
    sale_date = reader.date("sale_date")
    if sale_date is None and len(reader.problems) == known_problems:
        reader.refuse("sale_date", "is missing")
    _refuse_future(reader, "sale_date", sale_date, as_of)
    stock_date = _stock_date(reader, as_of, sale_date)
    if sale_date is not None and stock_date is not None and stock_date > sale_date:
        reader.refuse("stock_date", f"{stock_date} is after the sale on {sale_date}", stock_date)
    stock_number, store = reader.text("stock_number", _LONGEST_STOCK_NUMBER), reader.store()
    if vehicle is None or sale_date is None or reader.problems:
        return None
    if sale_price is None:
        reader.warn(WarningKind.MISSING_PRICE)
    if cost is None:
        reader.warn(WarningKind.MISSING_COST)
    if stock_date is None:
        reader.warn(WarningKind.MISSING_STOCK_DATE)
    return SaleRow(
        **vehicle,
        stock_number=stock_number,
        sale_date=sale_date,
        sale_price=sale_price,
        list_price=list_price,
        invoice=invoice,
        cost=cost,
        recon_cost=recon_cost,
        front_gross=front,
        back_gross=back,
        purchase_type=_purchase_type(reader),
        stock_date=stock_date,
        store=store,
    )


def build_listing(reader: RowReader, as_of: dt.date) -> ListingRow | None:
    """Build a market listing; days listed count back from its last sight. None when it is refused."""
    vehicle = read_vehicle(reader, as_of)
    price, first_price = reader.money("price"), reader.money("first_price")
    first_seen, last_seen = reader.date("first_seen"), reader.date("last_seen")
    snapshot = reader.date("snapshot_date")
    days = _days(reader, "days_listed")
    for field, day in (("first_seen", first_seen), ("last_seen", last_seen), ("snapshot_date", snapshot)):
        _refuse_future(reader, field, day, as_of)
    if first_seen is not None and last_seen is not None and last_seen < first_seen:
        reader.refuse("last_seen", f"{last_seen} is before the first sight on {first_seen}", last_seen)
    if vehicle is None or reader.problems:
        return None
    if first_seen is None and days is not None:
        first_seen = (last_seen or snapshot or as_of) - days * _DAY
    removed, right_censored = reader.boolean("removed"), reader.boolean("right_censored")
    if removed is None and right_censored is not None:
        removed = not right_censored
    return ListingRow(
        **vehicle,
        listing_id=reader.text("listing_id", _LONGEST_NAME, needed=False),
        price=_or_msrp(reader, price, vehicle["msrp"]),
        first_price=first_price,
        seller=reader.text("seller", _LONGEST_NAME, needed=False),
        first_seen=first_seen,
        last_seen=last_seen,
        snapshot_date=snapshot,
        days_listed=days,
        removed=removed,
        left_censored=reader.boolean("left_censored"),
    )


BUILDERS: Final[dict[ImportKind, Callable[[RowReader, dt.date], ImportedRow | None]]] = {
    ImportKind.INVENTORY: build_inventory,
    ImportKind.SALES: build_sale,
    ImportKind.MARKET: build_listing,
}


def _stock_date(reader: RowReader, as_of: dt.date, counted_from: dt.date | None) -> dt.date | None:
    stock_date = reader.date("stock_date")
    days = _days(reader, "days_in_stock")
    if stock_date is None and days is not None and counted_from is not None:
        return counted_from - days * _DAY
    _refuse_future(reader, "stock_date", stock_date, as_of)
    return stock_date


def _days(reader: RowReader, field: str) -> int | None:
    days = reader.integer(field)
    if days is not None and not 0 <= days <= _LONGEST_STAY:
        reader.refuse(field, f"is outside 0 to {_LONGEST_STAY:,} days", days)
        return None
    return days


def _refuse_future(reader: RowReader, field: str, day: dt.date | None, as_of: dt.date) -> None:
    """Refuse a date past tomorrow; one day is left for senders in a time zone ahead."""
    if day is not None and day > as_of + _DAY:
        reader.refuse(field, f"{day} is after the as-of date {as_of}", day)


def _or_msrp(reader: RowReader, price: Decimal | None, msrp: Decimal | None) -> Decimal | None:
    if price is not None:
        return price
    reader.warn(WarningKind.MISSING_PRICE if msrp is None else WarningKind.PRICE_FROM_MSRP, msrp or "")
    return msrp


def _purchase_type(reader: RowReader) -> PurchaseType | None:
    written = reader.text("purchase_type", needed=False)
    if written is None:
        return None
    known = PURCHASE_TYPES.get(written.lower())
    if known is None:
        reader.warn(WarningKind.UNKNOWN_WORD, f"purchase_type: {written}")
    return known
