"""What a vehicle is asked for, given its segment, age, odometer, trim and whether it is certified.

    log(price) = reference + age_slope * age_years + km_slope * odometer_km / 10 000
                 + sum of bends + trim effect + certified premium

A bend adds its slope times the years (or 10 000 km) beyond its knot: depreciation is neither even nor the same
in the tenth year as in the second. Bends are shared by all segments of a condition group.

Every segment with a priced listing has one; the thinner it is, the more it leans on its make and condition
group (see ``pooled_regression``), and the greater is ``reference_sd``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from services.market.domain.listings import groups_of, makes_of, trim_key
from services.market.domain.pooled_design import Shared, Strata
from services.market.domain.pooled_regression import fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.market.domain.listings import Listings

KM_UNIT = 10_000.0
AGE_KNOTS = (3.0, 7.0, 11.0)
"""In years."""
KM_KNOTS = (8.0, 16.0, 24.0)
"""In 10,000 km."""
USUAL_PREMIUM, USUAL_PREMIUM_SD = 0.04, 0.03
"""A certified car's, in log price."""
KM_CAP = 40.0
"""In 10,000 km: beyond it odometers are mostly typing errors, and the worth that is left is not by distance."""
_BEND_SD = 0.04
"""How far the slope is expected to change at a knot, either way."""


@dataclass(frozen=True, slots=True)
class TrimEffect:
    """What a trim adds to the log price of its segment's average, shrunk, and from how many listings."""

    trim: str
    effect: float
    listings: int


@dataclass(frozen=True, slots=True)
class Bend:
    """By how much the slope changes from ``knot`` on, in years or in 10,000 km."""

    knot: float
    slope: float


@dataclass(frozen=True, slots=True)
class StraightLine:
    """The same fitted without bends, to be used without trims and premium, for readers that know only these."""

    reference: float
    age_slope: float
    km_slope: float


@dataclass(frozen=True, slots=True)
class PriceModel:
    """The fitted asking price of a segment; ``residual_sd`` is in log price, so 0.1 is about ten per cent.

    ``reference_sd`` is the uncertainty of the level itself, which only thin segments have to speak of.
    ``trims`` go by their folded spelling (see ``trim_key``).
    """

    reference: float
    age_slope: float
    km_slope: float
    residual_sd: float
    listings: int
    certified_premium: float = 0.0
    reference_sd: float = 0.0
    age_bends: tuple[Bend, ...] = ()
    km_bends: tuple[Bend, ...] = ()
    straight: StraightLine | None = None
    trims: Mapping[str, TrimEffect] = field(default_factory=dict)

    def expected_price(
        self, age_years: float, odometer_km: float, *, trim: str | None = None, certified: bool = False
    ) -> float:
        """Give the median asking price of such a vehicle, in the currency of the listings.

        A trim that was never seen, or none, is taken for the segment's average.
        """
        known = self.trims.get(trim_key(trim))
        distance = min(odometer_km / KM_UNIT, KM_CAP)
        exponent = self.reference + self.age_slope * age_years + self.km_slope * distance
        exponent += sum(bend.slope * max(0.0, age_years - bend.knot) for bend in self.age_bends)
        exponent += sum(bend.slope * max(0.0, distance - bend.knot) for bend in self.km_bends)
        exponent += known.effect if known else 0.0
        return math.exp(exponent + (self.certified_premium if certified else 0.0))


def age_years(model_year: int, as_of: date) -> float:
    """Count years of 365.25 days since the first of January of the model year; negative before it."""
    return (as_of - date(model_year, 1, 1)).days / 365.25


def price_to_market(price: float, expected: float) -> float:
    """Give an asking price as a fraction of the expected one (1.0 = at market); PTM % is 100 times this."""
    return price / _positive(expected)


def cost_to_market(cost: float, expected: float) -> float:
    """Give total cost (acquisition, reconditioning, pack) as a fraction of the expected asking price."""
    return cost / _positive(expected)


def fit_price_models(listings: Listings, rows: NDArray[np.bool_], as_of: date) -> dict[str, PriceModel]:
    """Fit every segment that has a usable listing among ``rows``, shape (listings,).

    Usable is a listing with a price, a model year and an odometer; a new vehicle without one counts as 0 km.
    """
    new = np.array([segment.startswith("new/") for segment in listings.segments], dtype=np.bool_)
    odometer = np.where(np.isnan(listings.odometer_km) & new[listings.segment_of], 0.0, listings.odometer_km)
    rows = rows & (listings.price > 0) & np.isfinite(listings.model_year) & np.isfinite(odometer)
    if not rows.any():
        return {}
    segment, trim = listings.segment_of[rows], listings.trim_of[rows]
    years, year_of = np.unique(listings.model_year[rows], return_inverse=True)
    ages = np.array([age_years(int(year), as_of) for year in years])
    x = np.column_stack([ages[year_of], np.minimum(odometer[rows] / KM_UNIT, KM_CAP)])
    strata = Strata(
        segment=segment,
        trim=trim,
        group=groups_of(listings.segments)[0],
        make=makes_of(listings.segments)[0],
        trim_segment=np.array([segment for segment, _ in listings.trims], dtype=np.intp),
    )
    log_price, shared = np.log(listings.price[rows]), _shared(x, listings.certified[rows])
    fitted, line = fit(log_price, x, shared, strata), fit(log_price, x, shared.first(1), strata)
    counts = np.bincount(segment, minlength=len(listings.segments))
    trim_counts = np.bincount(trim[trim >= 0], minlength=len(listings.trims))
    effects: dict[int, dict[str, TrimEffect]] = {}
    for number in np.flatnonzero(trim_counts):
        place, key = listings.trims[number]
        name, effect, seen = listings.trim_labels[number], float(fitted.trim[number]), int(trim_counts[number])
        effects.setdefault(place, {})[key] = TrimEffect(name, effect, seen)
    return {
        listings.segments[i]: PriceModel(
            reference=float(fitted.reference[i]),
            age_slope=float(fitted.slopes[i, 0]),
            km_slope=float(fitted.slopes[i, 1]),
            residual_sd=float(fitted.scale[i]),
            listings=int(counts[i]),
            certified_premium=float(fitted.shared[i, 0]),
            reference_sd=float(fitted.reference_sd[i]),
            age_bends=_bends(AGE_KNOTS, fitted.shared[i, 1 : 1 + len(AGE_KNOTS)]),
            km_bends=_bends(KM_KNOTS, fitted.shared[i, 1 + len(AGE_KNOTS) :]),
            straight=StraightLine(float(line.reference[i]), float(line.slopes[i, 0]), float(line.slopes[i, 1])),
            trims=effects.get(int(i), {}),
        )
        for i in np.flatnonzero(counts)
    }


def _shared(x: NDArray[np.float64], certified: NDArray[np.bool_]) -> Shared:
    bends = len(AGE_KNOTS) + len(KM_KNOTS)
    columns = [certified.astype(np.float64)]
    columns += [np.maximum(0.0, x[:, 0] - knot) for knot in AGE_KNOTS]
    columns += [np.maximum(0.0, x[:, 1] - knot) for knot in KM_KNOTS]
    return Shared(
        columns=np.column_stack(columns),
        mean=np.array([USUAL_PREMIUM, *[0.0] * bends]),
        sd=np.array([USUAL_PREMIUM_SD, *[_BEND_SD] * bends]),
    )


def _bends(knots: tuple[float, ...], slopes: NDArray[np.float64]) -> tuple[Bend, ...]:
    return tuple(Bend(knot, float(slope)) for knot, slope in zip(knots, slopes, strict=True))


def _positive(expected: float) -> float:
    if not expected > 0:
        message = f"expected price {expected} must be above 0; without a price model there is no price to market"
        raise ValueError(message)
    return expected
