"""What an import noticed without refusing a row: counted by kind, with the first few examples."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_EXAMPLES: Final = 5


class WarningKind(StrEnum):
    """What was noticed; the value is the sentence shown."""

    AMBIGUOUS_DATES = "dates do not tell day from month; read as month/day/year"
    CHECK_DIGIT = "VIN of a vehicle built outside North America fails the check digit; mistyped VINs look the same"
    CONDITION_GUESSED = "condition missing or unknown; taken from mileage and model year"
    DAMAGED_TEXT = "a character that cannot be stored (NUL, or half of one); shown as \N{REPLACEMENT CHARACTER}"
    DUPLICATE_OLDER = "VIN listed again with an older date; the newer listing was kept"
    DUPLICATE_REPLACED = "VIN listed again; this listing replaces the earlier one"
    HEADER_ASSUMED = "no header; columns read in the documented order of the Carsforsale feed"
    HEADER_REPEATED = "the header stands again among the rows; skipped"
    MAKE_FROM_VIN = "make missing; taken from the VIN"
    MISSING_COST = "cost missing or zero"
    MISSING_PRICE = "price missing or zero"
    MISSING_STOCK_DATE = "stock date missing"
    MODEL_YEAR_DIFFERS = "model year differs from the one in the VIN; the file's was kept"
    MODEL_YEAR_FROM_VIN = "model year missing; taken from the VIN"
    ODOMETER_UNIT = "column named miles read in kilometres, the store's unit"
    ODOMETER_ZERO = "used vehicle with an odometer of zero; taken as missing"
    PREAMBLE = "rows above the header; skipped"
    PRICE_FROM_MSRP = "no asking price; the MSRP was taken"
    TEXT_TOO_LONG = "text longer than is kept; taken as missing"
    UNKNOWN_STATUS = "status not understood; taken as available for sale"
    UNKNOWN_WORD = "word not understood; taken as missing"


@dataclass(frozen=True, slots=True)
class WarningCount:
    """How often one kind was noticed, with the first examples as (line, what was there)."""

    kind: WarningKind
    count: int
    examples: tuple[tuple[int, str], ...]


class WarningTally:
    """Counts warnings while rows go by; memory does not grow with their number."""

    def __init__(self) -> None:
        """Start with nothing noticed."""
        self._counts: dict[WarningKind, int] = {}
        self._examples: dict[WarningKind, list[tuple[int, str]]] = {}

    def add(self, kind: WarningKind, line: int, shown: object = "") -> None:
        """Count one; `shown` is what stood there and is kept for the first five only."""
        count = self._counts.get(kind, 0)
        self._counts[kind] = count + 1
        if count < _EXAMPLES:
            self._examples.setdefault(kind, []).append((line, str(shown)[:100]))

    def counts(self) -> tuple[WarningCount, ...]:
        """Give all kinds noticed so far, the most frequent first."""
        ordered = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(WarningCount(kind, count, tuple(self._examples[kind])) for kind, count in ordered)
