"""Turns one cell into text, money, a whole number, a mileage, yes or no; None means the cell is missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache, update_wrapper
from typing import Concatenate, Final, ParamSpec, TypeVar

from services.gateway.imports.columns import OdometerUnit
from services.gateway.imports.rejected import unmarked
from services.gateway.imports.words import MISSING, NO, ON_REQUEST, YES

P = ParamSpec("P")
T = TypeVar("T")
_CENT: Final = Decimal("0.01")
_LONGEST_NUMBER: Final = 20
_LONGEST_MILEAGE: Final = 60
_LONGEST_REPEATED: Final = 60
_CURRENCY: Final = re.compile(
    r"(?:(?:us|ca|c|a)?\$|€|£|¥|\b(?:usd|cad|eur|gbp|aud|chf|nok|sek|dkk|mxn)\b)", re.IGNORECASE
)
_SPACES: Final = re.compile(r"[\s\u00a0\u202f']+")
_PLAIN: Final = re.compile(r"\d+(?:\.\d*)?|\.\d+")
_THOUSANDS_DOT: Final = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?")
_THOUSANDS_COMMA: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_DECIMAL_COMMA: Final = re.compile(r"\d+,\d{1,2}")
_SCIENTIFIC: Final = re.compile(r"\d(?:\.\d+)?e[+-]?\d{1,2}", re.IGNORECASE)
_SIGNED: Final = re.compile(r"\((?P<inside>.+)\)|[-\u2212](?P<after>.+)|(?P<before>.+)-")
_MILEAGE: Final = re.compile(
    r"(?P<number>[^a-z]*\d[^a-z]*?)\s*(?P<thousand>k\b)?\s*(?P<unit>kms?|kilomet(?:er|re)s?|mi|miles?)?\.?",
    re.IGNORECASE,
)


class CellError(ValueError):
    """A cell holds something else than its column means; the message is the reason shown to its sender."""


def remembered(read: Callable[Concatenate[str | None, P], T]) -> Callable[Concatenate[str | None, P], T]:
    """Keep what short cells were read as, which come again and again; of long ones each is another, and large."""
    kept = lru_cache(maxsize=1 << 15)(read)

    def either(cell: str | None, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if cell is None or len(cell) <= _LONGEST_REPEATED:
            return kept(cell, *args, **kwargs)  # type: ignore[arg-type]  # what is asked beside a cell is hashable
        return read(cell, *args, **kwargs)

    update_wrapper(either, read)
    return either


@remembered
def text(cell: str | None) -> str | None:
    """Give the text without surrounding space, or None for the many ways feeds write nothing."""
    if cell is None:
        return None
    stripped = unmarked(cell.strip())
    return None if stripped.lower() in MISSING else stripped


@remembered
def money(cell: str | None) -> Decimal | None:
    """Read an amount to the cent, in the file's currency; `call for price` and the like are missing.

    Accepts `$1,234.50`, `1.234,50 €`, `CAD 12,000`, `21.9k`, and `(1,234)` or `1,234-` as negative. One dot
    before exactly three digits separates thousands. Raises `CellError`.
    """
    written = text(cell)
    if written is None or written.lower() in ON_REQUEST:
        return None
    amount = _CURRENCY.sub("", written)
    factor = 1
    if amount[-1:] in "kK" and amount[:-1].strip()[-1:].isdigit():
        amount, factor = amount.rstrip()[:-1], 1000
    return (number(amount, shown=written) * factor).quantize(_CENT)


def number(written: str, shown: str | None = None) -> Decimal:
    """Read a number whose decimal and thousands signs are told by their pattern.

    `shown` is what to quote in the message of the `CellError` raised when it is no number.
    """
    digits = _SPACES.sub("", written).removeprefix("+")
    signed = _SIGNED.fullmatch(digits)
    if signed is not None:
        digits = signed["inside"] or signed["after"] or signed["before"]
    if len(digits) > _LONGEST_NUMBER or not digits.isascii():
        raise CellError(_no_number(shown or written))
    if _THOUSANDS_DOT.fullmatch(digits):
        digits = digits.replace(".", "").replace(",", ".")
    elif _THOUSANDS_COMMA.fullmatch(digits):
        digits = digits.replace(",", "")
    elif _DECIMAL_COMMA.fullmatch(digits):
        digits = digits.replace(",", ".")
    elif not _PLAIN.fullmatch(digits) and not _SCIENTIFIC.fullmatch(digits):
        raise CellError(_no_number(shown or written))
    value = Decimal(digits)
    if value.adjusted() > _LONGEST_NUMBER:
        raise CellError(_no_number(shown or written))
    return -value if signed is not None else value


@remembered
def integer(cell: str | None) -> int | None:
    """Read a whole number, with or without thousands signs; `2018.0` is one. Raises `CellError`."""
    if cell is not None and cell.isascii() and cell.isdigit() and len(cell) < _LONGEST_NUMBER:
        return int(cell)
    written = text(cell)
    if written is None:
        return None
    value = number(written)
    if value != value.to_integral_value():
        reason = f"{written[:60]!r} is not a whole number"
        raise CellError(reason)
    return int(value)


def mileage(cell: str | None) -> tuple[int | None, OdometerUnit | None]:
    """Read an odometer and the unit beside it, if any: `82,950 km`, `45k miles`. Raises `CellError`."""
    if cell is not None and cell.isascii() and cell.isdigit() and len(cell) < _LONGEST_NUMBER:
        return int(cell), None
    written = text(cell)
    if written is None:
        return None, None
    # The pattern takes the square of a long cell's length.
    match = _MILEAGE.fullmatch(written) if len(written) <= _LONGEST_MILEAGE else None
    if match is None:
        raise CellError(_no_number(written))
    value = number(match["number"], shown=written) * (1000 if match["thousand"] else 1)
    unit: OdometerUnit | None = None
    if match["unit"]:
        unit = "km" if match["unit"][0] in "kK" else "mi"
    return int(value.to_integral_value()), unit


@remembered
def boolean(cell: str | None) -> bool | None:
    """Read yes or no in the forms feeds write them. Raises `CellError`."""
    written = text(cell)
    if written is None:
        return None
    word = written.lower()
    if word in YES:
        return True
    if word in NO:
        return False
    reason = f"{written[:60]!r} is neither yes nor no"
    raise CellError(reason)


def photo_count(cell: str | None) -> int | None:
    """Read a number of photos, or count the addresses in a list of them."""
    written = text(cell)
    if written is None:
        return None
    leading = re.match(r"\d{1,5}(?!\d)", written)
    return int(leading.group()) if leading else written.lower().count("http")


def _no_number(written: str) -> str:
    return f"{written[:60]!r} is not a number"
