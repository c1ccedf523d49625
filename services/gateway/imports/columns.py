"""Recognises what the columns of a file hold: by name, by the words in it, by content, or as told."""

from __future__ import annotations

from collections.abc import Mapping as MappingLike
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from services.gateway.imports.errors import UnknownColumnError, UnrecognisedColumnsError
from services.gateway.imports.fields import FIELDS, REQUIRED, ImportKind
from services.gateway.imports.naming import KILOMETRES, MILES, How, field_named, words_of
from services.gateway.imports.words import CONDITIONS
from shared.events.vin import InvalidVinError, Vin

OdometerUnit = Literal["mi", "km"]

_SAMPLE_SHARE: Final = 0.8
_SHOWN_COLUMNS: Final = 60
_SHOWN_CHARACTERS: Final = 60


@dataclass(frozen=True, slots=True)
class ColumnMatch:
    """One column of the file and the field it fills; `field` is None for a column that is not used."""

    column: str
    index: int
    field: str | None
    how: How | None
    preference: int = 0


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which columns fill which field.

    `columns` lists, for each recognised field, the positions to try in order: the first cell that is not
    missing wins. `odometer_units` holds the unit a column's name states, where it states one.
    """

    kind: ImportKind
    matches: tuple[ColumnMatch, ...]
    columns: MappingLike[str, tuple[int, ...]]
    odometer_units: MappingLike[int, OdometerUnit]

    @property
    def unmapped(self) -> tuple[str, ...]:
        """Names of the columns that are not used."""
        return tuple(match.column for match in self.matches if match.field is None)

    def shown(self) -> dict[str, str | None]:
        """Give column name to field name for people and for sending back as a mapping; None: not used."""
        return {match.column: match.field for match in self.matches}


def detect(
    header: Sequence[str],
    sample: Sequence[Sequence[str | None]],
    kind: ImportKind,
    override: MappingLike[str, str | None] | None = None,
) -> Mapping:
    """Decide for every column which field it fills.

    `sample` are rows of cells used where a name is not enough. `override` maps field to column or column to
    field (None: leave the column out) and wins. Raises `UnknownColumnError` when it names something that
    does not exist and `UnrecognisedColumnsError` when a column the kind cannot do without is missing.
    """
    told = _resolve(override or {}, header, kind)
    taken = {field for field in told.values() if field is not None}
    matches = []
    for index, column in enumerate(header):
        if column in told:
            matches.append(ColumnMatch(column, index, told[column], How.TOLD))
            continue
        found = field_named(column, kind)
        if found is None or found[0] in taken or not _plausible(column, found[0], index, sample):
            matches.append(ColumnMatch(column, index, None, None))
        else:
            matches.append(ColumnMatch(column, index, *found))
    if not any(match.field == "vin" for match in matches):
        matches = [
            ColumnMatch(match.column, match.index, "vin", How.CONTENT)
            if match.field is None and match.how is None and _holds_vins(match.index, sample)
            else match
            for match in matches
        ]
    mapping = Mapping(kind, tuple(matches), _positions(matches), _units(matches))
    _require(mapping, header)
    return mapping


def _resolve(
    override: MappingLike[str, str | None], header: Sequence[str], kind: ImportKind
) -> dict[str, str | None]:
    told: dict[str, str | None] = {}
    for key, value in override.items():
        if value is None and key in header:
            told[key] = None
        elif key in FIELDS[kind] and value in header:
            told[str(value)] = key
        elif key in header and value in FIELDS[kind]:
            told[key] = value
        else:
            raise _unknown(key, value, header, kind)
    return told


def columns_named(header: Sequence[str]) -> str:
    """Name columns to people: of a file that is no table, a name may be as long as the file."""
    names = ", ".join(_cut(name) for name in header[:_SHOWN_COLUMNS])
    more = len(header) - _SHOWN_COLUMNS
    return f"{names}, and {more} more" if more > 0 else names


def _cut(name: str) -> str:
    return name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}…"


def _unknown(key: str, value: str | None, header: Sequence[str], kind: ImportKind) -> UnknownColumnError:
    if key in FIELDS[kind]:
        remedy = f"The file has the columns: {columns_named(header)}."
        return UnknownColumnError(f"the mapping sends {key!r} to a column {value!r} that is not there", remedy)
    if key in header:
        remedy = f"Fields of a {kind} file are: {', '.join(FIELDS[kind])}."
        return UnknownColumnError(f"the mapping gives {key!r} to a field {value!r} that does not exist", remedy)
    remedy = f"Columns: {columns_named(header)}. Fields of a {kind} file: {', '.join(FIELDS[kind])}."
    return UnknownColumnError(f"the mapping names {key!r}, neither a column nor a field", remedy)


def _plausible(column: str, field: str, index: int, sample: Sequence[Sequence[str | None]]) -> bool:
    """Guard the names that mean different things in different feeds: a `Type` may be used/new or a body."""
    if field != "condition" or words_of(column)[-1:] != ("type",):
        return True
    cells = _filled(index, sample)
    return sum(cell.strip().lower() in CONDITIONS for cell in cells) >= _SAMPLE_SHARE * len(cells)


def _holds_vins(index: int, sample: Sequence[Sequence[str | None]]) -> bool:
    cells = _filled(index, sample)
    return bool(cells) and sum(map(looks_like_vin, cells)) >= _SAMPLE_SHARE * len(cells)


def looks_like_vin(cell: str) -> bool:
    """Tell whether a cell has the shape of a VIN, with letters and digits both."""
    try:
        vin = Vin(cell)
    except InvalidVinError:
        return False
    return not vin.isdigit() and not vin.isalpha()


def _filled(index: int, sample: Sequence[Sequence[str | None]]) -> list[str]:
    return [cell for row in sample if index < len(row) and (cell := row[index]) and cell.strip()]


def _positions(matches: Sequence[ColumnMatch]) -> dict[str, tuple[int, ...]]:
    order = list(How)
    sure_first = sorted(
        (match for match in matches if match.field is not None and match.how is not None),
        key=lambda match: (match.preference, order.index(match.how or How.CONTENT), match.index),
    )
    positions: dict[str, tuple[int, ...]] = {}
    for match in sure_first:
        if match.field is not None:
            positions[match.field] = (*positions.get(match.field, ()), match.index)
    return positions


def _units(matches: Sequence[ColumnMatch]) -> dict[int, OdometerUnit]:
    """Read the unit in the name; a bare `Miles` states none: metric countries' feeds use it too."""
    units: dict[int, OdometerUnit] = {}
    for match in matches:
        words = set(words_of(match.column))
        if match.field == "odometer" and words & KILOMETRES:
            units[match.index] = "km"
        elif match.field == "odometer" and words & MILES and words - MILES:
            units[match.index] = "mi"
    return units


def _require(mapping: Mapping, header: Sequence[str]) -> None:
    missing = [field for field in REQUIRED[mapping.kind] if field not in mapping.columns]
    if missing:
        wanted = " and ".join(missing)
        remedy = (
            f"Name it in the mapping, for example {{{missing[0]!r}: '<your column>'}}, or rename the column "
            f"to {FIELDS[mapping.kind][missing[0]][0]!r}."
        )
        raise UnrecognisedColumnsError(
            f"no column of the {mapping.kind} file for {wanted} among: {columns_named(header)}", remedy
        )
