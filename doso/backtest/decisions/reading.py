"""Reading a dealer's files for a replay, and refusing those from which no past can be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeVar

from doso.backtest.decisions.lives import Life, from_rows
from services.gateway.imports import (
    ImportFileError,
    ImportKind,
    InventoryRow,
    ListingRow,
    RejectedRow,
    SaleRow,
    read_import,
)
from services.market.domain import Listing
from shared.events.segment import segment_key, segment_label

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from services.gateway.imports.rows import ImportedRow

OdometerUnit = Literal["mi", "km"]
_KM_PER_MILE = 1.609344
_ENOUGH_SALES = 20
_Row = TypeVar("_Row", InventoryRow, SaleRow)


class UnusableHistory(Exception):
    """The files do not tell enough of the past; the message says what is missing and what to do."""


@dataclass(frozen=True, slots=True)
class History:
    """A dealer's vehicles up to ``as_of``, the market's adverts where a file had them, and what was left out."""

    dealer: str
    as_of: date
    lives: tuple[Life, ...]
    listings: tuple[Listing, ...]
    notes: tuple[str, ...]


def read_files(
    inventory: Path,
    sales: Path,
    market: Path | None,
    *,
    dealer: str | None,
    as_of: date | None,
    unit: OdometerUnit,
) -> History:
    """Read a dealer's inventory and sales, and adverts of the market if any.

    Without ``as_of`` the history ends the day after its newest sale. With ``dealer`` only rows of that store
    count, where the files name stores. Raises UnusableHistory, or ImportFileError for a file that is no table
    of its kind.
    """
    today = datetime.now(UTC).date()
    notes: list[str] = []
    deals = [row for row in _rows(sales, ImportKind.SALES, as_of or today, unit, notes) if isinstance(row, SaleRow)]
    deals = _of_store(deals, dealer, sales.name)
    if as_of is None and deals:
        as_of = max(row.sale_date for row in deals) + timedelta(days=1)
    if as_of is None:
        raise UnusableHistory(f"{sales.name} has no usable sale: send the store's sales of the last year or two")
    deals = [row for row in deals if row.sale_date < as_of]
    cars = [
        row for row in _rows(inventory, ImportKind.INVENTORY, as_of, unit, notes) if isinstance(row, InventoryRow)
    ]
    cars = _of_store(cars, dealer, inventory.name)
    adverts = []
    if market is not None:
        rows = _rows(market, ImportKind.MARKET, as_of, unit, notes)
        adverts = [listing for row in rows if isinstance(row, ListingRow) for listing in _advert(row)]
    lives = from_rows(cars, deals)
    check(lives, f"{sales.name} and {inventory.name}", notes)
    newest = {each.key: each for each in adverts}
    return History(dealer or sales.stem, as_of, tuple(lives), tuple(newest.values()), tuple(notes))


def check(lives: Iterable[Life], where: str, notes: list[str]) -> None:
    """Refuse a history without enough dated sales, and note how many vehicles have no stock date.

    Raises UnusableHistory.
    """
    known = list(lives)
    sold = [life for life in known if life.left is not None]
    if len(sold) < _ENOUGH_SALES:
        message = (
            f"{where} have {len(sold)} dated sales; a replay needs at least {_ENOUGH_SALES}. Export the sales of"
            " the last year or two, with a sale date on each row"
        )
        raise UnusableHistory(message)
    undated = sum(life.stocked is None for life in sold)
    if undated == len(sold):
        message = (
            f"no sale in {where} says when its vehicle was stocked, so nobody can tell what stood on the lot at a"
            " past date. Export the sales with the stock date (DateInStock) or the days in stock of each vehicle"
        )
        raise UnusableHistory(message)
    if undated:
        notes.append(
            f"{undated} of {len(sold)} sales have no stock date: they count as demand, not as units on the lot"
        )


def _rows(path: Path, kind: ImportKind, as_of: date, unit: OdometerUnit, notes: list[str]) -> list[ImportedRow]:
    try:
        reading = read_import(path, path.name, kind, as_of=as_of, default_odometer_unit=unit)
        rows = [row for row in reading if not isinstance(row, RejectedRow)]
    except ImportFileError as error:
        raise UnusableHistory(f"{path.name} is no {kind.value} file: {error}") from error
    if reading.counts.rejected:
        notes.append(f"{path.name}: {reading.counts.rejected} of {reading.counts.rows} rows refused")
    return rows


def _of_store(rows: list[_Row], dealer: str | None, name: str) -> list[_Row]:
    stores = sorted({row.store for row in rows if row.store})
    if dealer is None:
        if len(stores) > 1:
            raise UnusableHistory(f"{name} has several stores; choose one with --dealer: {', '.join(stores)}")
        return rows
    if stores and dealer not in stores:
        raise UnusableHistory(f"{name} has no store {dealer!r}; there are: {', '.join(stores)}")
    return [row for row in rows if row.store is None or row.store == dealer]


def _advert(row: ListingRow) -> list[Listing]:
    last = row.last_seen or row.snapshot_date
    first = row.first_seen or last
    if first is None or last is None or first > last:
        return []
    factor = _KM_PER_MILE if row.odometer_unit == "mi" else 1.0
    return [
        Listing(
            key=row.listing_id or str(row.vin),
            segment=segment_key(row.condition, row.make, row.model),
            price=None if row.price is None else float(row.price),
            odometer_km=None if row.odometer is None else row.odometer * factor,
            model_year=row.model_year,
            first_seen=first,
            last_seen=last,
            active=not row.removed,
            label=segment_label(row.condition, row.make, row.model),
            trim=row.trim,
        )
    ]
