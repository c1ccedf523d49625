"""Vehicle identification numbers: the check digit and how the sample's are put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doso.sample_group.catalogue import Model

VIN_LENGTH = 17
CHECK_POSITION = 8
_VALUES = {
    **{str(digit): digit for digit in range(10)},
    **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
    **dict(zip("JKLMN", range(1, 6), strict=True)),
    "P": 7,
    "R": 9,
    **dict(zip("STUVWXYZ", range(2, 10), strict=True)),
}
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_MODEL_YEARS = "ABCDEFGHJKLMNPRSTVWXY123456789"
_FIRST_YEAR_OF_CYCLE = 2010
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_SERIES = "123456789ABCDEFGHJKLMNPRSTUVWXYZ"


def check_digit(vin: str) -> str:
    """Return the check digit (0-9 or X) that belongs at position 9 of a VIN (49 CFR 565.15).

    Raises ValueError when the VIN is not 17 characters of the VIN alphabet (no I, O or Q).
    """
    if len(vin) != VIN_LENGTH or any(character not in _VALUES for character in vin):
        message = f"{vin!r} is not 17 characters of 0-9 and A-Z without I, O and Q: correct the VIN"
        raise ValueError(message)
    remainder = sum(_VALUES[character] * weight for character, weight in zip(vin, _WEIGHTS, strict=True)) % 11
    return "0123456789X"[remainder]


def is_valid(vin: str) -> bool:
    """Tell whether a VIN is well formed and carries its own check digit."""
    try:
        return check_digit(vin) == vin[CHECK_POSITION]
    except ValueError:
        return False


def model_year_code(model_year: int) -> str:
    """Return position 10 for a model year: A for 2010, T for 2026, 1 for 2031, A again for 2040."""
    return _MODEL_YEARS[(model_year - _FIRST_YEAR_OF_CYCLE) % len(_MODEL_YEARS)]


def build(model: Model, trim: str, model_year: int, serial: int) -> str:
    """Return a well-formed VIN for a model year from 2010 (position 7 a letter); ``serial``: six digits."""
    code = sum(ord(character) * (place + 1) for place, character in enumerate(model.make + model.name))
    series = _SERIES[model.trims.index(trim) + 1]
    line = _LETTERS[code % 23] + _SERIES[code % 31]
    engine = _LETTERS[code // 3 % 23] + _SERIES[code % 29]
    plant = _LETTERS[code % 19]
    draft = f"{model.wmi}{line}{series}{engine}0{model_year_code(model_year)}{plant}{serial:06d}"
    return draft[:CHECK_POSITION] + check_digit(draft) + draft[CHECK_POSITION + 1 :]
