"""What a written sample group is: its files, what is in them and what an importer should make of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from doso.sample_group.stores import Imbalance
    from doso.sample_group.table import Outcome, Table

_NOTE = "Generated sample: no dealer, deal or vehicle in it is real; a VIN that matches one is chance."


@dataclass(frozen=True, slots=True)
class DirtyRow:
    """One soiled line: ``file`` relative to the sample's directory, ``line`` counted from 1.

    ``outcome``: reject (quarantine), clean (accept after cleaning) or skip (no record on the line). ``field``
    is the file's own column header, empty when the whole line or file is meant.
    """

    file: str
    line: int
    field: str
    reason: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class SampleStore:
    """One rooftop's files."""

    name: str
    inventory_file: Path
    sales_file: Path


@dataclass(frozen=True, slots=True)
class SampleGroup:
    """A written sample group. Stock is as of the start of ``as_of``, a calendar day in ``timezone``."""

    name: str
    currency: str
    region: str
    timezone: str
    seed: int
    as_of: date
    stores: tuple[SampleStore, ...]
    market_file: Path
    manifest_file: Path
    dirty_rows: tuple[DirtyRow, ...]
    imbalances: tuple[Imbalance, ...]


def dirty_rows(file: str, table: Table) -> list[DirtyRow]:
    """Return the soiled lines of one file, those that concern the whole file as line 1."""
    found = []
    if table.byte_order_mark:
        found.append(DirtyRow(file, 1, "", "the file begins with a byte-order mark", "clean"))
    if table.delimiter == ";":
        found.append(DirtyRow(file, 1, "", "the delimiter is a semicolon", "clean"))
    # Line 1 is the header, and no cell spans lines.
    for line, row in enumerate(table.rows, start=2):
        if row.blemish:
            found.append(DirtyRow(file, line, row.blemish.field, row.blemish.reason, row.blemish.outcome))
    return found


def manifest(group: SampleGroup, tables: dict[str, Table]) -> dict[str, object]:
    """Return the manifest of a sample as JSON-ready values: that it is generated, from what, its counts."""
    return {
        "generated": True,
        "note": _NOTE,
        "group": group.name,
        "currency": group.currency,
        "region": group.region,
        "timezone": group.timezone,
        "seed": group.seed,
        "as_of": group.as_of.isoformat(),
        "stores": [store.name for store in group.stores],
        "files": {name: _counts(table) for name, table in tables.items()},
        "imbalances": [asdict(imbalance) for imbalance in group.imbalances],
        "dirty_rows": [asdict(row) for row in group.dirty_rows],
    }


def _counts(table: Table) -> dict[str, int]:
    outcomes = Counter(row.blemish.outcome for row in table.rows if row.blemish)
    lines = len(table.rows)
    return {
        "lines_after_header": lines,
        "acceptable": lines - outcomes["reject"] - outcomes["skip"],
        "reject": outcomes["reject"],
        "clean": outcomes["clean"],
        "skip": outcomes["skip"],
    }
