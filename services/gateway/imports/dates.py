"""Dates as feeds write them; whether 3/4 is March or April is decided for a whole column, not for a cell."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from services.gateway.imports.cells import CellError, remembered, text

_ISO: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?")
_COMPACT: Final = re.compile(r"(?:19|20)\d{6}")
_NUMERIC: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?:[T ,].*)?")
_DAY_MONTH_NAME: Final = re.compile(
    r"(\d{1,2})[-/. ]+([a-z]{3,9})\.?,?[-/. ]+(\d{4}|\d{2})(?:[T ,].*)?", re.IGNORECASE
)
_MONTH_NAME_DAY: Final = re.compile(
    r"([a-z]{3,9})\.?[-/. ]+(\d{1,2})(?:st|nd|rd|th)?,?[-/. ]+(\d{4})(?:[ ,].*)?", re.IGNORECASE
)
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_MONTHS: Final = {
    name: month
    for month, names in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        start=1,
    )
    for name in (names, names[:3], names[:4])
}
_EXCEL_ZERO: Final = dt.date(1899, 12, 30)
_EXCEL_SERIALS: Final = range(20_000, 80_000)
_EPOCH_SECONDS: Final = range(300_000_000, 4_200_000_000)
_THOUSAND: Final = 1000
_LAST_MONTH: Final = 12
_DIGITS: Final = re.compile(r"\d+")
_OLDEST: Final = dt.date(1990, 1, 1)
"""What is before is the first day of some calendar, which systems write where they hold no date."""


class DateOrder(StrEnum):
    """Which part of a date such as 3/4/2026 comes first."""

    MONTH_FIRST = "month/day/year"
    DAY_FIRST = "day/month/year"


def decide_order(cells: Iterable[str | None]) -> tuple[DateOrder, bool]:
    """Decide the order for a column from a sample of its cells, and say whether it had to be assumed.

    A first part above 12 anywhere means day first, as do dots between the parts; a second part above 12
    means month first. With neither, month first is assumed and the second value is True.
    """
    numeric = False
    for cell in cells:
        match = _NUMERIC.fullmatch(cell.strip()) if cell else None
        if match is None:
            continue
        if int(match[1]) > _LAST_MONTH or match[2] == ".":
            return DateOrder.DAY_FIRST, False
        if int(match[3]) > _LAST_MONTH:
            return DateOrder.MONTH_FIRST, False
        numeric = True
    return DateOrder.MONTH_FIRST, numeric


@remembered
def date(cell: str | None, order: DateOrder) -> dt.date | None:
    """Read a calendar date; a time of day is dropped, so the date is the one in the sender's own time zone.

    Accepts ISO, 20260331, 3/31/2026 and 31/3/2026 by `order`, 31-Oct-2025, Oct 31, 2025, Excel day numbers
    and Unix seconds or milliseconds (UTC). Zeros and days before 1990 are missing. Raises `CellError`.
    """
    written = text(cell)
    if written is None or _is_zero(written.partition("T")[0].partition(" ")[0]):
        return None
    try:
        found = _date(written, order)
    except (ValueError, OverflowError) as error:
        reason = f"{written[:60]!r} is not a date of the calendar, read as {order.value}"
        raise CellError(reason) from error
    if found is None:
        reason = f"{written[:60]!r} is not a date; write it as YYYY-MM-DD"
        raise CellError(reason)
    return None if found < _OLDEST else found


def _is_zero(day: str) -> bool:
    """Tell whether a cell holds zeros for a date, or a date with a zero for its month or day, as spreadsheets do."""
    parts = _DIGITS.findall(day[:20])
    named = any(character.isalpha() for character in day)
    if len(parts) > 2 or (parts and named):  # noqa: PLR2004  # no number of days since some day
        year_first = len(parts[0]) == len("1900")
        return not all(map(int, parts[:1] if named else parts[:3] if year_first else parts[:2]))
    return bool(parts) and not any(map(int, parts))


def _date(written: str, order: DateOrder) -> dt.date | None:
    if match := _ISO.fullmatch(written):
        return dt.date(int(match[1]), int(match[2]), int(match[3]))
    if match := _NUMERIC.fullmatch(written):
        first, second, year = int(match[1]), int(match[3]), _full_year(match[4])
        month, day = (first, second) if order is DateOrder.MONTH_FIRST else (second, first)
        return dt.date(year, month, day)
    if (match := _DAY_MONTH_NAME.fullmatch(written)) and (month := _MONTHS.get(match[2].lower(), 0)):
        return dt.date(_full_year(match[3]), month, int(match[1]))
    if (match := _MONTH_NAME_DAY.fullmatch(written)) and (month := _MONTHS.get(match[1].lower(), 0)):
        return dt.date(int(match[3]), month, int(match[2]))
    return _date_of_number(written)


def _date_of_number(written: str) -> dt.date | None:
    if not (written.isascii() and _NUMBER.fullmatch(written)):
        return None
    if _COMPACT.fullmatch(written):
        return dt.date(int(written[:4]), int(written[4:6]), int(written[6:]))
    whole = int(written.partition(".")[0])
    if whole in _EXCEL_SERIALS:
        return _EXCEL_ZERO + dt.timedelta(days=whole)
    seconds = whole if whole in _EPOCH_SECONDS else whole // _THOUSAND
    if seconds in _EPOCH_SECONDS:
        return dt.datetime.fromtimestamp(seconds, tz=dt.UTC).date()
    return None


def _full_year(written: str) -> int:
    return int(written) if len(written) == len("2026") else 2000 + int(written)
