"""How figures are written for people, and how they are read back out of a sentence."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_SIGNS: Final = {"USD": "$", "CAD": "$", "AUD": "$", "NZD": "$", "GBP": "£", "EUR": "€"}
_UNITS: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen",
    "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SPELLED_UP_TO = 12
_WEEKS_A_MONTH = 365.25 / 12 / 7

_SCALES: Final = {
    "dozen": 12, "hundred": 100,
    "thousand": 1_000, "grand": 1_000, "k": 1_000, "million": 1_000_000, "m": 1_000_000,
}  # fmt: skip
_FIGURE: Final = re.compile(
    r"(?P<figure>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?:\s?(?P<scale>k|m|thousand|grand|million)\b)?",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})(?:[- ](?P<ones>{'|'.join(_UNITS[1:10])}))?"
    rf"|(?P<small>{'|'.join(_UNITS)}|an?(?=\s+(?:hundred|thousand|million|dozen|grand)\b)))"
    r"(?:\s+(?P<scale>hundred|thousand|grand|million|dozen))?\b",
    re.IGNORECASE,
)


def money(amount: float, currency: str) -> str:
    """Write an amount in whole units of its currency, such as ``$18,490`` or ``NOK 184,900``."""
    figure = f"{abs(round(amount)):,}"
    sign = "-" if round(amount) < 0 else ""
    return f"{sign}{_SIGNS[currency]}{figure}" if currency in _SIGNS else f"{sign}{currency} {figure}"


def days(expected: float) -> str:
    """Write an expected number of days; beyond two years only that."""
    longest = 730
    return f"{expected:.0f}" if expected <= longest else f"more than {longest}"


def percent(fraction: float) -> str:
    """Write a fraction of one as whole per cent."""
    return f"{fraction * 100:.0f}%"


def decimal(value: float) -> str:
    """Write a rate with as many places as say something: one, or two under 1."""
    rounds_to_one = 0.95
    return f"{value:.1f}" if abs(value) >= rounds_to_one else f"{value:.2f}"


def pace(per_week: float) -> str:
    """Write a rate of sale as the trade says it: ``1.2 a week``, ``three a month``, ``one every 8 weeks``."""
    a_week, a_month, half_a_year = 0.95, 0.3, 26
    if per_week >= a_week:
        return f"{per_week:.1f} a week"
    if per_week >= a_month:
        return f"{spelled(str(round(per_week * _WEEKS_A_MONTH)))} a month"
    weeks = round(1 / per_week) if per_week * half_a_year >= 1 else half_a_year
    return f"one every {weeks} weeks" if weeks < half_a_year else "one in half a year, if that"


def roughly(count: float) -> str:
    """Write an expected number of cars as people count them: ``about two``; ``nothing`` for next to none."""
    return f"about {spelled(str(round(count)))}" if round(count) else "next to nothing"


def spelled(figure: str) -> str:
    """Write a small count as a word, any other as it is."""
    return _UNITS[int(figure)] if figure.isdigit() and int(figure) <= _SPELLED_UP_TO else figure


def numbers_in(text: str) -> frozenset[Decimal]:
    """Read every number out of a text: figures, ``18.5k``, and words from two upwards; signs are not kept.

    ``zero`` and a bare ``one`` are left out: they are figures of speech more often than counts.
    """
    found = {
        Decimal(match["figure"].replace(",", "")) * _SCALES.get((match["scale"] or "").lower(), 1)
        for match in _FIGURE.finditer(text)
    }
    for match in _WORDS.finditer(text):
        value = _word_value(match)
        if match["scale"]:
            value *= _SCALES[match["scale"].lower()]
        if value > 1:
            found.add(Decimal(value))
    return frozenset(number.normalize() for number in found)


def _word_value(match: re.Match[str]) -> int:
    if match["tens"]:
        ones = _UNITS.index(match["ones"].lower()) if match["ones"] else 0
        return 20 + 10 * _TENS.index(match["tens"].lower()) + ones
    small = match["small"].lower()
    return _UNITS.index(small) if small in _UNITS else 1
