"""The vehicle identification number: its shape, its check digit and what it says (ISO 3779, 49 CFR 565)."""

from __future__ import annotations

from dataclasses import dataclass
from operator import mul
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

from pydantic import AfterValidator
from pydantic_core import core_schema

from shared.events.wmi import MANUFACTURERS
from shared.events.wmi_countries import country_of, region_of

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler

LENGTH: Final = 17
_ALPHABET: Final = frozenset("ABCDEFGHJKLMNPRSTUVWXYZ0123456789")
_VALUES: Final = bytes.maketrans(
    b"ABCDEFGHJKLMNPRSTUVWXYZ0123456789",
    bytes([*range(1, 9), *range(1, 6), 7, 9, *range(2, 10), *range(10)]),
)
_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_REMAINDERS: Final = "0123456789X"
_YEAR_CODES: Final = {code: 1980 + step for step, code in enumerate("ABCDEFGHJKLMNPRSTVWXY123456789")}
_CYCLE: Final = 30


class InvalidVinError(ValueError):
    """The text cannot be a VIN; the message says what is wrong with it."""


class Vin(str):
    """A well-formed VIN in upper case; still a string, so it goes into JSON, keys and columns as it is.

    Raises `InvalidVinError` for a wrong length or a character no VIN contains. A wrong check digit does not
    raise, because vehicles built for markets outside North America need not carry one: ask
    `check_digit_valid`.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Normalise case and surrounding space, then check the shape."""
        normal = text.strip().upper()
        if len(normal) != LENGTH or not _ALPHABET.issuperset(normal):
            raise InvalidVinError(_complaint(normal))
        return super().__new__(cls, normal)

    @property
    def wmi(self) -> str:
        """Positions 1 to 3, the world manufacturer identifier."""
        return self[:3]

    @property
    def serial(self) -> str:
        """Positions 12 to 17, the production sequence."""
        return self[11:]

    @property
    def expected_check_digit(self) -> str:
        """What position 9 holds when the other sixteen are right (49 CFR 565.15, table V)."""
        return _REMAINDERS[sum(map(mul, self.encode().translate(_VALUES), _WEIGHTS)) % 11]

    @property
    def check_digit_valid(self) -> bool:
        """Whether position 9 agrees with the other sixteen."""
        return self[8] == self.expected_check_digit

    @property
    def north_american(self) -> bool:
        """Whether the check digit is law where it was built: first character 1 to 5, or US block 7F to 70."""
        return self[0] in "12345" or (self[0] == "7" and self[1] not in "ABCDE")

    @classmethod
    def __get_pydantic_core_schema__(
        cls,
        _source: Any,
        _handler: GetCoreSchemaHandler,
    ) -> core_schema.CoreSchema:
        """Let a model field be declared `Vin`: text is checked coming in and stays text going out."""
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


def _complaint(normal: str) -> str:
    if not normal:
        return "the VIN is empty"
    foreign = sorted(set(normal) - _ALPHABET)
    if foreign:
        shown = ", ".join(repr(character) for character in foreign)
        hint = " (I, O and Q are never used: they look like 1 and 0)" if set(foreign) & set("IOQ") else ""
        return f"VIN {normal[:40]!r} contains {shown}, which no VIN has{hint}"
    return f"VIN {normal[:40]!r} has {len(normal)} characters instead of {LENGTH}"


def _normalised(text: str) -> str:
    return str(Vin(text))


VinStr = Annotated[str, AfterValidator(_normalised)]
"""A model field that stays a plain `str` but is checked and normalised like `Vin`."""


@dataclass(frozen=True, slots=True)
class VinFacts:
    """What a VIN says by itself; None wherever it does not say it reliably."""

    make: str | None
    manufacturer: str | None
    country: str | None
    region: str
    model_year: int | None
    serial: str


def decode(vin: Vin, as_of_year: int) -> VinFacts:
    """Read maker, country of build, model year and serial from a VIN.

    `as_of_year` bounds the model year: one more than two years ahead belongs to the 30-year cycle before.
    """
    maker = MANUFACTURERS.get(vin[:3])
    return VinFacts(
        make=maker.make if maker else None,
        manufacturer=maker.name if maker else None,
        country=country_of(vin),
        region=region_of(vin),
        model_year=model_year(vin, as_of_year),
        serial=vin[11:],
    )


def model_year(vin: Vin, as_of_year: int) -> int | None:
    """Read the model year from positions 10 and 7, or None where position 10 is not a model year.

    Position 7 separates the cycles of light vehicles built to the North American rule: a digit is 1980 to
    2009, a letter 2010 to 2039 (49 CFR 565.15). A VIN with a failing check digit follows no such rule and
    yields nothing.
    """
    early = _YEAR_CODES.get(vin[9])
    if early is None or not vin.check_digit_valid:
        return None
    late = early + _CYCLE
    return late if vin[6].isalpha() and late <= as_of_year + 2 else early
