"""What a vehicle is beyond make and model."""

from __future__ import annotations

from dataclasses import dataclass

_BAND_YEARS = 3


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a vehicle is beyond make and model, as far as it is known; ``years`` is the first and last of a band."""

    years: tuple[int, int] | None = None
    trim: str | None = None
    body: str | None = None
    drivetrain: str | None = None
    fuel: str | None = None


OTHER = Configuration()
"""All that is too rare to be listed, and all of which nothing is known."""


def configuration_of(
    new: bool,
    model_year: int | None,
    trim: str | None,
    body: str | None,
    drivetrain: str | None,
    fuel: str | None,
) -> Configuration:
    """Describe a vehicle; a new one by its model year, a used one by a band of three, e.g. 2019 to 2021."""
    years = None
    if model_year is not None:
        first = model_year if new else model_year - model_year % _BAND_YEARS
        years = (first, model_year if new else first + _BAND_YEARS - 1)
    return Configuration(
        years, *(" ".join(text.split()) or None if text else None for text in (trim, body, drivetrain, fuel))
    )
