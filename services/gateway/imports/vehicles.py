"""What a row says about the vehicle itself: VIN, make, year, condition, mileage; checked and completed."""

from __future__ import annotations

import datetime as dt
from typing import Final

from services.gateway.imports.row_reader import RowReader
from services.gateway.imports.rows import VehicleFields
from services.gateway.imports.warnings import WarningKind
from services.gateway.imports.words import CONDITIONS, Condition
from shared.events.vin import InvalidVinError, Vin, VinFacts, decode

FIRST_MODEL_YEAR: Final = 1981
_MODEL_YEARS_AHEAD: Final = 2
_NEW_BELOW: Final = {"mi": 300, "km": 483}
"""Below this odometer a vehicle of the current model year counts as new when the file does not say."""


def read_vehicle(reader: RowReader, as_of: dt.date) -> VehicleFields | None:
    """Read the vehicle of the current row; None when it is refused, with the problems noted in `reader`.

    Make and model year missing in the file are taken from the VIN; the condition from mileage and model year.
    """
    vin = _vin(reader)
    facts = decode(vin, as_of.year) if vin is not None else None
    model_year = _model_year(reader, facts, as_of)
    make = reader.text("make")
    if make is None and facts is not None and facts.make is not None:
        make = facts.make
        reader.warn(WarningKind.MAKE_FROM_VIN, vin)
    model = reader.text("model")
    if make is None:
        reader.refuse("make", "is missing and the VIN does not tell it")
    if model is None:
        reader.refuse("model", "is missing")
    odometer, unit = reader.odometer()
    msrp = reader.money("msrp")
    if vin is None or facts is None or make is None or model is None or reader.problems:
        return None
    certified = reader.boolean("certified")
    condition = _condition(reader, odometer, _NEW_BELOW[unit], model_year, as_of)
    if condition == "used" and certified:
        condition = "certified"
    if odometer == 0 and condition in {"used", "certified"}:
        odometer = None
        reader.warn(WarningKind.ODOMETER_ZERO, vin)
    return VehicleFields(
        line=reader.line,
        vin=vin,
        condition=condition,
        certified=certified,
        model_year=model_year,
        make=make,
        model=model,
        trim=reader.text("trim", needed=False),
        body=reader.text("body", needed=False),
        drivetrain=reader.text("drivetrain", needed=False),
        fuel=reader.text("fuel", needed=False),
        transmission=reader.text("transmission", needed=False),
        exterior_color=reader.text("exterior_color", needed=False),
        odometer=odometer,
        odometer_unit=unit,
        msrp=msrp,
        country=facts.country,
    )


def _vin(reader: RowReader) -> Vin | None:
    written = reader.text("vin")
    if written is None:
        reader.refuse("vin", "is missing")
        return None
    try:
        vin = Vin(written)
    except InvalidVinError as error:
        reader.refuse("vin", str(error), written)
        return None
    if not vin.check_digit_valid:
        if vin.north_american:
            expected = vin.expected_check_digit
            reason = f"position 9 is {vin[8]!r} but should be {expected!r}, so a character of it is mistyped"
            reader.refuse("vin", reason, vin)
            return None
        reader.warn(WarningKind.CHECK_DIGIT, vin)
    return vin


def _model_year(reader: RowReader, facts: VinFacts | None, as_of: dt.date) -> int | None:
    year = reader.integer("model_year") or None
    from_vin = facts.model_year if facts is not None else None
    if year is None:
        if from_vin is not None:
            reader.warn(WarningKind.MODEL_YEAR_FROM_VIN, from_vin)
        return from_vin
    last = as_of.year + _MODEL_YEARS_AHEAD
    if not FIRST_MODEL_YEAR <= year <= last:
        reader.refuse("model_year", f"is outside {FIRST_MODEL_YEAR} to {last}", year)
    elif from_vin is not None and from_vin != year:
        reader.warn(WarningKind.MODEL_YEAR_DIFFERS, f"{year}, VIN {from_vin}")
    return year


def _condition(
    reader: RowReader, odometer: int | None, new_below: int, model_year: int | None, as_of: dt.date
) -> Condition:
    written = reader.text("condition")
    if written is not None and (known := CONDITIONS.get(written.lower())):
        return known
    driven_little = odometer is not None and odometer < new_below
    guess: Condition = "new" if driven_little and (model_year or 0) >= as_of.year else "used"
    reader.warn(WarningKind.CONDITION_GUESSED, f"{written or 'missing'}: {guess}")
    return guess
