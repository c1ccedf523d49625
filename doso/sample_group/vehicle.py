"""One vehicle: how it is drawn, what it is worth and what is asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from doso.sample_group import vin
from doso.sample_group.valuation import Offer, new_value, used_value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    import numpy as np

    from doso.sample_group.catalogue import Model

COLOURS = ("White", "Black", "Gray", "Silver", "Blue", "Red", "Green", "Brown")
_COLOUR_EDGES = (0.27, 0.49, 0.66, 0.78, 0.88, 0.95, 0.98)
_MILES_PER_YEAR = 12_000
_CERTIFIED_MAX_MILES, _CERTIFIED_MAX_YEARS, _CERTIFIED_SHARE = 60_000, 5, 0.45
_MODEL_YEAR_LAST_MONTH, _CHANGEOVER_PER_MONTH = 8, 0.3
_AGE_SHAPE, _OLDEST_YEARS = 2.2, 14.0
_USUAL_DRIVETRAIN_SHARE = 0.65
_TRIM_EDGES = (0.34, 0.68, 0.88)


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle as any feed describes it. ``mileage`` in miles, ``msrp`` and ``market_value`` in USD."""

    vin: str
    model: Model
    condition: str
    model_year: int
    trim: str
    drivetrain: str
    colour: str
    mileage: int
    msrp: int
    market_value: float

    @property
    def new(self) -> bool:
        """Whether the vehicle has never been registered."""
        return self.condition == "new"


@dataclass(frozen=True, slots=True)
class Unit:
    """A vehicle a rooftop owns: when and for how much it was bought, and how it is offered.

    ``cost`` (acquisition or invoice) and ``recon_cost`` are whole USD; ``appeal`` is what photographs, colour
    and history add to or take from a buyer's liking, unseen by any feed.
    """

    vehicle: Vehicle
    stock_number: str
    stock_date: date
    recon_days: int
    cost: int
    recon_cost: int
    offer: Offer
    appeal: float

    def age(self, day: date) -> int:
        """Return days in stock on a day."""
        return (day - self.stock_date).days


@dataclass(frozen=True, slots=True)
class UsedSource:
    """Where a lot's used vehicles come from: least age, mean age beyond it (years), the make certified."""

    least_age: float
    further_age: float
    certified_make: str | None


def draw_vehicle(
    model: Model, source: UsedSource | None, day: date, rng: np.random.Generator, serials: Iterator[int]
) -> Vehicle:
    """Draw a vehicle of a model as it comes to a lot on a day: new, or used when there is a ``source``."""
    trim = model.trims[min(len(model.trims) - 1, _bin(rng.random(), _TRIM_EDGES))]
    drivetrain = model.drivetrains[0 if rng.random() < _USUAL_DRIVETRAIN_SHARE else -1]
    colour = COLOURS[_bin(rng.random(), _COLOUR_EDGES)]
    if source is None:
        changeover = rng.random() < _CHANGEOVER_PER_MONTH * (day.month - _MODEL_YEAR_LAST_MONTH)
        year = max(model.first_model_year, day.year + int(changeover))
        mileage, condition = int(rng.integers(3, 40)), "new"
        msrp = model.msrp(trim, year)
        value = new_value(msrp)
    else:
        age = source.least_age + rng.gamma(_AGE_SHAPE, source.further_age / _AGE_SHAPE)
        year = max(model.first_model_year, day.year - int(min(_OLDEST_YEARS, age)))
        elapsed = max(0.4, day.year + day.month / 12 - year + 0.2)
        mileage = int(_MILES_PER_YEAR * elapsed * rng.lognormal(-0.04, 0.28))
        young = mileage < _CERTIFIED_MAX_MILES and elapsed <= _CERTIFIED_MAX_YEARS
        eligible = young and model.make == source.certified_make
        condition = "certified" if eligible and rng.random() < _CERTIFIED_SHARE else "used"
        msrp = model.msrp(trim, year)
        value = used_value(msrp, model.depreciation, elapsed, mileage, certified=condition == "certified")
    number = vin.build(model, trim, year, next(serials))
    return Vehicle(number, model, condition, year, trim, drivetrain, colour, mileage, msrp, value)


def _bin(draw: float, edges: tuple[float, ...]) -> int:
    return sum(draw >= edge for edge in edges)
