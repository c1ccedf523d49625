"""Money: market value, asking price with its markdowns, cost, and the gross a deal leaves. All in USD."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MONTHLY_LOSS_IN_STOCK = 0.015
_MILES_PER_YEAR, _VALUE_PER_YEAR_OF_MILES = 12_000, 0.055
_INVOICE_OF_MSRP = 0.945
_OVERPRICED_SHARE, _OVERPRICED = 0.06, 1.085
_KEEN_SHARE, _KEEN = 0.12, 0.945
_CASH_DEALS = 0.2
_REVIEW_AGES = (18, 30, 40, 50, 60, 75, 90)


@dataclass(frozen=True, slots=True)
class Offer:
    """How a unit is offered: the opening price, then markdowns as (age in days, fraction of that price)."""

    opening: float
    markdowns: tuple[tuple[int, float], ...]
    reluctant: bool

    def price(self, age: int) -> int:
        """Return the asking price at an age in days, in whole USD."""
        cut = sum(fraction for day, fraction in self.markdowns if day <= age)
        return max(995, round(self.opening * (1.0 - cut) / 100) * 100 - 5)

    def last_change(self, age: int) -> int | None:
        """Return the age in days at which the price last moved, or None if it never has."""
        return max((day for day, _ in self.markdowns if day <= age), default=None)


def new_value(msrp: int) -> float:
    """Return what the market asks for a new vehicle: slightly under its MSRP."""
    return msrp * 0.985


def used_value(msrp: int, depreciation: float, years: float, mileage: int, *, certified: bool) -> float:
    """Return the market's asking price of a used vehicle: exponential in age, linear in excess miles."""
    excess = (mileage - _MILES_PER_YEAR * years) / _MILES_PER_YEAR
    adjustment = min(1.25, max(0.65, 1.0 - _VALUE_PER_YEAR_OF_MILES * excess))
    premium = 1.04 if certified else 1.0
    return max(3_500.0, msrp * 0.96 * math.exp(-depreciation * years) * adjustment * premium)


def value_at(value: float, age: int, *, new: bool) -> float:
    """Return a stocked vehicle's market value after ``age`` days in stock."""
    return value if new else value * (1.0 - MONTHLY_LOSS_IN_STOCK * age / 30)


def draw_offer(value: float, rng: np.random.Generator, *, new: bool) -> Offer:
    """Draw a unit's opening price and markdown plan; a reluctant manager cuts seldom and wholesales late."""
    position, draw = 1.0 + rng.normal(0.0, 0.012 if new else 0.022), rng.random()
    if draw < _OVERPRICED_SHARE:
        position = _OVERPRICED + rng.normal(0.0, 0.015)
    elif draw > 1.0 - _KEEN_SHARE and not new:
        position = _KEEN + rng.normal(0.0, 0.012)
    reluctant = bool(rng.random() < (0.35 if draw < _OVERPRICED_SHARE else 0.02))
    chance, size = (0.25, 0.015) if reluctant else ((0.5, 0.008) if new else (0.85, 0.021))
    markdowns = tuple(
        (age + int(rng.integers(-2, 3)), size * float(rng.uniform(0.6, 1.5)))
        for age in _REVIEW_AGES
        if rng.random() < chance
    )
    return Offer(value * position, markdowns, reluctant)


def draw_costs(value: float, msrp: int, rng: np.random.Generator, *, condition: str) -> tuple[int, int]:
    """Draw cost and reconditioning cost: invoice if new, an appraisal that leaves a gross if used."""
    if condition == "new":
        return round(msrp * _INVOICE_OF_MSRP), 0
    recon = round(rng.gamma(4.0, 150.0) + 120.0 + (450.0 if condition == "certified" else 0.0))
    wanted_gross = 950.0 + 0.078 * value + rng.normal(0.0, 450.0)
    return round(min(0.93, max(0.72, 1.0 - (wanted_gross + recon) / value)) * value), recon


def draw_sale_price(asked: int, age: int, rng: np.random.Generator, *, new: bool) -> int:
    """Draw the price struck: the longer a unit stands, the more is given away at the desk."""
    given = rng.normal(0.014, 0.009) if new else rng.normal(0.004 + 0.0005 * min(age, 75), 0.006)
    return round(asked * (1.0 - min(0.06, max(0.0, given))))


def draw_wholesale_price(value: float, rng: np.random.Generator) -> int:
    """Draw what an auction pays, fees taken off."""
    return round(value * min(1.0, max(0.62, rng.normal(0.84, 0.055))))


def draw_back_gross(rng: np.random.Generator, *, new: bool) -> int:
    """Draw finance and insurance income: about one deal in five leaves none."""
    return 0 if rng.random() < _CASH_DEALS else round(rng.gamma(2.2, 760.0 if new else 600.0))
