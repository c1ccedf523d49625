"""How a sender's value becomes ours. Each gives None for what says nothing; ``ValueError`` says what is wrong.

What they give is as JSON writes it, so that the outcome of an adapter is a CloudEvent like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.gateway.imports import cells
from services.gateway.imports.words import CONDITIONS, PURCHASE_TYPES

Transform = Callable[[Any, ZoneInfo], Any]
"""Takes the value and the rooftop's time zone."""

_LONGEST = 300
_UNITS = {
    **dict.fromkeys(("mi", "mile", "miles", "smi", "m"), "mi"),
    **dict.fromkeys(("km", "kms", "kmt", "kilometer", "kilometers", "kilometre", "kilometres", "k"), "km"),
}
_STATES = {**CONDITIONS, "refurbished": "used", "rental": "used", "cpo used": "certified"}


def text(value: Any, _zone: ZoneInfo) -> str | None:
    """Read text; numbers are written out."""
    return cells.text(_scalar(value, "text"))


def money(value: Any, _zone: ZoneInfo) -> str | None:
    """Read an amount, such as 18990, "18990.00" or "$18,990"."""
    amount = cells.money(_scalar(value, "an amount"))
    return None if amount is None else str(amount)


def whole(value: Any, _zone: ZoneInfo) -> int | None:
    """Read a whole number, also one written as text."""
    return cells.integer(_scalar(value, "a whole number"))


def odometer(value: Any, _zone: ZoneInfo) -> int | None:
    """Read a mileage, rounded; its unit stands elsewhere."""
    return cells.mileage(_scalar(value, "a mileage"))[0]


def odometer_unit(value: Any, _zone: ZoneInfo) -> str:
    """Read the unit of a mileage."""
    word = _scalar(value, "a unit").strip().lower()
    if word not in _UNITS:
        message = f"{word[:60]!r} is no unit of distance we know: send MILES or KM"
        raise ValueError(message)
    return _UNITS[word]


def day(value: Any, zone: ZoneInfo) -> str | None:
    """Read a date; of a moment, the date it was at the rooftop."""
    written = _scalar(value, "a date").strip()
    try:
        read = date.fromisoformat(written) if len(written) <= len("2026-03-02") else None
        if read is None:
            moment_read = datetime.fromisoformat(written)
            read = (moment_read.astimezone(zone) if moment_read.tzinfo else moment_read).date()
    except (ValueError, OverflowError) as error:
        message = f"{written[:60]!r} is no date: send 2026-03-02 or 2026-03-02T15:04:05Z"
        raise ValueError(message) from error
    return read.isoformat()


def moment(value: Any, _zone: ZoneInfo) -> str:
    """Read a moment; without an offset from UTC it is none."""
    written = _scalar(value, "a moment").strip()
    try:
        read = datetime.fromisoformat(written)
    except (ValueError, OverflowError) as error:
        message = f"{written[:60]!r} is no moment: send RFC 3339, such as 2026-03-02T15:04:05Z"
        raise ValueError(message) from error
    if read.tzinfo is None:
        message = f"{written[:60]!r} does not say its time zone: send RFC 3339, such as 2026-03-02T15:04:05Z"
        raise ValueError(message)
    return read.isoformat()


def condition(value: Any, _zone: ZoneInfo) -> str | None:
    """Read new, used, certified or demo; gradings such as "Excellent" say nothing of that."""
    return _STATES.get(_word(value))


def purchase_type(value: Any, _zone: ZoneInfo) -> str | None:
    """Read the kind of sale; a kind we have no word for is passed on in lower case."""
    word = _word(value)
    return PURCHASE_TYPES.get(word, word[:40] or None)


def among(codes: Mapping[str, Any]) -> Transform:
    """Make the transform that reads these codes, in any case; others say nothing."""
    known = {name.lower(): meaning for name, meaning in codes.items()}
    return lambda value, _zone: known.get(_scalar(value, "a code").strip().lower())


def code(codes: Mapping[str, Any]) -> Transform:
    """Make the transform that reads these codes, in any case; others are refused with the list of those known."""
    known = {name.lower(): meaning for name, meaning in codes.items()}

    def read(value: Any, _zone: ZoneInfo) -> Any:
        word = _scalar(value, "a code").strip().lower()
        if word not in known:
            message = f"{word[:60]!r} is not a code we know; it is one of {', '.join(codes)}"
            raise ValueError(message)
        return known[word]

    return read


def _word(value: Any) -> str:
    return " ".join(_scalar(value, "a code").replace("_", " ").lower().split())


def _scalar(value: Any, what: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        message = f"is not {what}"
        raise ValueError(message)  # noqa: TRY004  # what a sender gets wrong is one kind of error
    written = str(value)
    if len(written) > _LONGEST:
        message = f"is longer than {_LONGEST} characters"
        raise ValueError(message)
    return written
