"""Generates the sample group and writes its files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from doso.sample_group import market, stores
from doso.sample_group.group import SampleGroup, SampleStore, dirty_rows, manifest
from doso.sample_group.inventory_files import inventory_file
from doso.sample_group.sales_files import market_file, sales_file
from doso.sample_group.soiling import soil
from doso.sample_group.trading import trade

if TYPE_CHECKING:
    from doso.sample_group.table import Table

_EARLIEST_YEAR, _LATEST_YEAR = 2025, 2039
_COSMETIC = ("dollar_price", "stock_date_format", "trailing_spaces")
_INVENTORY_FAULTS = {
    "T": ("wrong_check_digit", "missing_vin", "negative_price", "future_stock_date", "duplicate", *_COSMETIC),
    "H": ("wrong_check_digit", "text_mileage", "zero_price", "mileage_unit", "blank_line", *_COSMETIC),
    "V": ("missing_price", "negative_age", "duplicate", "repeated_header", "mileage_unit", "lower_case_vin"),
}
_SALES_FAULTS = {
    "T": ("sold_before_stocked", "missing_price", "duplicate", "sale_date_format", "blank_line", *_COSMETIC),
    "H": ("sold_before_stocked", "zero_price", "sale_date_format", "trailing_spaces", "repeated_header"),
    "V": ("wrong_check_digit", "sale_date_format", "lower_case_vin", "dollar_price", "blank_line"),
}
_MARKET_FAULTS = (
    *("zero_price", "missing_vin", "wrong_check_digit"),
    *("dollar_price", "trailing_spaces", "repeated_header", "blank_line"),
)


@dataclass(frozen=True, slots=True)
class _Sample:
    tables: dict[str, Table]
    store_files: tuple[tuple[str, str, str], ...]
    market_file: str


def write_sample_group(out_dir: Path | str, seed: int, as_of: date) -> SampleGroup:
    """Generate the sample dealer group and write its files; equal seed and date give equal bytes.

    Stock is as of the start of ``as_of``; sales cover the 730 days before it. Money in USD, mileage in miles,
    dates are calendar days in America/Detroit. Raises ValueError for a negative seed or a date outside 2025
    to 2039, OSError when the directory cannot be written.
    """
    _check(seed, as_of)
    directory = Path(out_dir)
    sample = _generate(seed, as_of)
    for name, table in sample.tables.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(table.encoded())
    group = SampleGroup(
        name=stores.GROUP_NAME,
        currency=stores.CURRENCY,
        region=stores.REGION,
        timezone=stores.TIMEZONE,
        seed=seed,
        as_of=as_of,
        stores=tuple(
            SampleStore(name, directory / inventory, directory / sales)
            for name, inventory, sales in sample.store_files
        ),
        market_file=directory / sample.market_file,
        manifest_file=directory / "manifest.json",
        dirty_rows=tuple(row for name, table in sample.tables.items() for row in dirty_rows(name, table)),
        imbalances=stores.IMBALANCES,
    )
    text = json.dumps(manifest(group, sample.tables), indent=2)
    group.manifest_file.write_text(text + "\n", encoding="utf-8")
    return group


def _check(seed: int, as_of: date) -> None:
    if seed < 0:
        message = f"seed is {seed}: give zero or a positive whole number"
        raise ValueError(message)
    if isinstance(as_of, datetime) or not _EARLIEST_YEAR <= as_of.year <= _LATEST_YEAR:
        message = f"as_of is {as_of}: give a calendar date from {_EARLIEST_YEAR} to {_LATEST_YEAR}"
        raise ValueError(message)


def _generate(seed: int, as_of: date) -> _Sample:
    rng = np.random.default_rng([seed, as_of.toordinal()])
    serials = iter((rng.permutation(900_000) + 100_000).tolist())
    tables: dict[str, Table] = {}
    store_files: list[tuple[str, str, str]] = []
    listings = market.competitor_listings(as_of, rng, serials)
    for store in stores.STORES:
        sales, units = trade(store, as_of, rng, serials)
        listings += market.own_listings(store.name, units, as_of)
        inventory_name, inventory = inventory_file(store, units, as_of)
        sales_name, deals = sales_file(store, sales)
        inventory_name, sales_name = (f"{_folder(store)}/{inventory_name}", f"{_folder(store)}/{sales_name}")
        tables[inventory_name] = soil(inventory, _INVENTORY_FAULTS[store.code], as_of, rng)
        tables[sales_name] = soil(deals, _SALES_FAULTS[store.code], as_of, rng)
        store_files.append((store.name, inventory_name, sales_name))
    market_name, market_table = market_file(listings)
    tables[market_name] = soil(market_table, _MARKET_FAULTS, as_of, rng)
    return _Sample(tables, tuple(store_files), market_name)


def _folder(store: stores.Store) -> str:
    return re.sub(r"[^a-z]+", "-", store.name.lower()).strip("-")
