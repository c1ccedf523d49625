"""A report's columns, and its cells as values with a type, the same for every kind of file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

Cell = str | int | float | Decimal | date | datetime | None
CellType = Literal["text", "whole", "number", "percent", "money", "date", "time"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, where its value is in a row (``market.n`` looks inside), and its type.

    ``width`` is in characters. ``printed``: whether a page of paper has room for it.
    """

    title: str
    path: str
    type: CellType = "text"
    width: int = 12
    printed: bool = True

    @property
    def figures(self) -> bool:
        """Whether it holds figures, which line up on the right."""
        return self.type in {"whole", "number", "percent", "money"}


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above a report; ``as_of`` is aware, in the rooftop's time zone."""

    title: str
    group: str
    rooftops: str
    as_of: datetime
    filters: Sequence[tuple[str, str]]
    """Each filter's name and value."""
    letter: bool = True
    """Whether it is for North American paper."""


@dataclass(frozen=True, slots=True)
class Places:
    """Each rooftop's name, currency and time zone, by id as text."""

    names: Mapping[str, str]
    currencies: Mapping[str, str]
    zones: Mapping[str, ZoneInfo]

    def currency(self, row: Mapping[str, Any]) -> str:
        """Give the currency of a row's money: its own, or its rooftop's."""
        return str(row.get("currency") or self.currencies.get(str(row.get("dealer_id")), ""))

    def cells(self, columns: Sequence[Column], row: Mapping[str, Any]) -> list[Cell]:
        """Read a row's cells; times are given in the rooftop's own time zone, without naming it."""
        zone = self.zones.get(str(row.get("dealer_id")), ZoneInfo("UTC"))
        return [self._cell(column, row, zone) for column in columns]

    def _cell(self, column: Column, row: Mapping[str, Any], zone: ZoneInfo) -> Cell:
        if column.path == "dealer":
            return self.names.get(str(row.get("dealer_id")), str(row.get("dealer_id")))
        if column.path == "currency":
            return self.currency(row)
        value: Any = row
        for name in column.path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return None if value is None or value == "" else typed(value, column.type, zone)


def typed(value: Any, kind: CellType, zone: ZoneInfo) -> Cell:
    """Turn a JSON value into one of its column's type; raises ``ValueError`` where it is none."""
    match kind:
        case "money":
            return Decimal(str(value))
        case "whole":
            return int(value)
        case "number" | "percent":
            return float(value)
        case "date":
            return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
        case "time":
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
            return moment.astimezone(zone).replace(tzinfo=None, microsecond=0)
        case _:
            return ("yes" if value else "no") if isinstance(value, bool) else str(value)
