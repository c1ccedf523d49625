"""Reads the fields of one row after the other, collecting what is wrong instead of stopping at the first."""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as MappingLike
from decimal import Decimal
from typing import Final, TypeVar

from services.gateway.imports import cells as cell
from services.gateway.imports.cells import CellError
from services.gateway.imports.columns import Mapping, OdometerUnit
from services.gateway.imports.dates import DateOrder, date
from services.gateway.imports.naming import plain_name
from services.gateway.imports.rows import RowProblem
from services.gateway.imports.warnings import WarningKind, WarningTally

Value = TypeVar("Value")

_MOST_MONEY: Final = 5_000_000
_MOST_MILEAGE: Final = 2_000_000
_LONGEST_TEXT: Final = 80
"""No longer than the texts that events carry; a description is not read."""
_STORES_SHOWN: Final = 200
"""Characters: the sentence is kept with each row that is refused for it."""


def written(cells: Sequence[str | None], places: Iterable[int]) -> list[str]:
    """Give what is written in some cells of a row, as far as it has them, without the blank ones."""
    texts = (cell.text(cells[place]) for place in places if place < len(cells))
    return [text for text in texts if text is not None]


class RowReader:
    """The cells of the current row, asked for by field; of a field's columns the first filled one answers."""

    def __init__(
        self,
        mapping: Mapping,
        default_unit: OdometerUnit,
        orders: MappingLike[int, DateOrder],
        warnings: WarningTally,
        stores: Sequence[str] | None = None,
    ) -> None:
        """Read by `mapping`; `orders` gives the date order of each date column by its position.

        `stores` are the names that a row's store may have; None where any will do.
        """
        self._columns = dict(mapping.columns)
        self._units = mapping.odometer_units
        self._default_unit = default_unit
        self._orders = orders
        self._warnings = warnings
        self._stores = stores
        self._known_stores = frozenset(map(plain_name, stores or ()))
        self._cells: Sequence[str | None] = ()
        self.line = 0
        self.problems: list[RowProblem] = []
        self._noticed: list[tuple[WarningKind, object]] = []

    def load(self, line: int, cells: Sequence[str | None]) -> None:
        """Turn to the next row."""
        self.line = line
        self._cells = cells
        self.problems = []
        self._noticed = []

    def refuse(self, field: str, reason: str, value: object = None) -> None:
        """Note a problem that keeps the row out."""
        self.problems.append(RowProblem(self.line, field, reason, None if value is None else str(value)[:200]))

    def warn(self, kind: WarningKind, shown: object = "") -> None:
        """Note something that does not keep the row out; it counts once the row is accepted."""
        self._noticed.append((kind, shown))

    def accept(self) -> None:
        """Count what was noticed in the current row."""
        for kind, shown in self._noticed:
            self._warnings.add(kind, self.line, shown)

    def text(self, field: str, longest: int = _LONGEST_TEXT, *, needed: bool = True) -> str | None:
        """Read text; a longer one is refused, or missing with a warning where it is not needed."""
        for index in self._columns.get(field, ()):
            value = cell.text(self._cells[index])
            if value is not None and len(value) > longest:
                reason = f"is {len(value)} characters long; at most {longest} are taken"
                if needed:
                    self.refuse(field, reason, value)
                else:
                    self.warn(WarningKind.TEXT_TOO_LONG, f"{field}: {reason}")
                return None
            if value is not None:
                return value
        return None

    def has(self, field: str) -> bool:
        """Tell whether the file has a column for a field."""
        return bool(self._columns.get(field))

    def store(self) -> str | None:
        """Read the store's name; one that is not among those a row may have is refused, not taken for another.

        Files may name a store in several columns, by a code of theirs and in words: any that is known will do.
        """
        named = written(self._cells, self._columns.get("store", ()))
        if self._stores is None or not named:
            return named[0] if named else None
        known = next((name for name in named if plain_name(name) in self._known_stores), None)
        if known is None:
            shown = textwrap.shorten(", ".join(self._stores), _STORES_SHOWN, placeholder=" …")
            self.refuse("store", f"is none of your rooftops; there are: {shown}", named[0])
        return known

    def money(self, field: str, *, signed: bool = False) -> Decimal | None:
        """Read an amount; zero is missing unless `signed`, negative is refused unless `signed`."""
        value = self._read(field, cell.money, zero_is_missing=not signed)
        if value is None:
            return None
        if abs(value) > _MOST_MONEY:
            self.refuse(field, f"is beyond {_MOST_MONEY:,}", value)
        elif value < 0 and not signed:
            self.refuse(field, "is negative", value)
        return value

    def integer(self, field: str) -> int | None:
        """Read a whole number."""
        return self._read(field, cell.integer)

    def boolean(self, field: str) -> bool | None:
        """Read yes or no; another word is missing, with a warning."""
        for index in self._columns.get(field, ()):
            try:
                value = cell.boolean(self._cells[index])
            except CellError as error:
                self.warn(WarningKind.UNKNOWN_WORD, f"{field}: {error}")
                continue
            if value is not None:
                return value
        return None

    def date(self, field: str) -> dt.date | None:
        """Read a date in the order of its column."""
        for index in self._columns.get(field, ()):
            written = self._cells[index]
            try:
                value = date(written, self._orders[index])
            except CellError as error:
                self.refuse(field, str(error), written)
                return None
            if value is not None:
                return value
        return None

    def odometer(self) -> tuple[int | None, OdometerUnit]:
        """Read the odometer; a unit in the cell wins over the column's name, and that over the store's."""
        for index in self._columns.get("odometer", ()):
            written = self._cells[index]
            try:
                value, unit = cell.mileage(written)
            except CellError as error:
                self.refuse("odometer", str(error), written)
                break
            if value is None:
                continue
            if value < 0:
                self.refuse("odometer", "is negative", written)
            elif value > _MOST_MILEAGE:
                self.refuse("odometer", f"is beyond {_MOST_MILEAGE:,}", written)
            return value, unit or self._units.get(index) or self._default_unit
        return None, self._default_unit

    def photo_count(self) -> int | None:
        """Read the number of photos, from a count or from a list of addresses."""
        return self._read("photo_count", cell.photo_count)

    def _read(
        self,
        field: str,
        parse: Callable[[str | None], Value | None],
        *,
        zero_is_missing: bool = False,
    ) -> Value | None:
        for index in self._columns.get(field, ()):
            written = self._cells[index]
            try:
                value = parse(written)
            except CellError as error:
                self.refuse(field, str(error), written)
                return None
            if value is not None and (value or not zero_is_missing):
                return value
        return None
