"""What a vehicle is asked for, given its segment, age and odometer.

    log(price) = reference + age_slope * age_years + km_slope * odometer_km / 10 000

Each segment has its own reference; its slopes lean on those of its condition group (see
``pooled_regression``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from services.market.domain.listings import groups_of
from services.market.domain.pooled_regression import Strata, fit
from services.market.domain.statistics import PRICED_MINIMUM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.market.domain.listings import Listings

KM_UNIT = 10_000.0


@dataclass(frozen=True, slots=True)
class PriceModel:
    """The fitted asking price of a segment; ``residual_sd`` is in log price, so 0.1 is about ten per cent."""

    reference: float
    age_slope: float
    km_slope: float
    residual_sd: float
    listings: int

    def expected_price(self, age_years: float, odometer_km: float) -> float:
        """Give the median asking price of such a vehicle, in the currency of the listings."""
        slope = self.age_slope * age_years + self.km_slope * odometer_km / KM_UNIT
        return math.exp(self.reference + slope)


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
    """Fit every segment that has at least three usable listings among ``rows``, shape (listings,).

    Usable is a listing with a price, a model year and an odometer; a new vehicle without one counts as 0 km.
    """
    new = np.array([segment.startswith("new/") for segment in listings.segments], dtype=np.bool_)
    odometer = np.where(np.isnan(listings.odometer_km) & new[listings.segment_of], 0.0, listings.odometer_km)
    rows = rows & (listings.price > 0) & np.isfinite(listings.model_year) & np.isfinite(odometer)
    if not rows.any():
        return {}
    segment = listings.segment_of[rows]
    years, year_of = np.unique(listings.model_year[rows], return_inverse=True)
    ages = np.array([age_years(int(year), as_of) for year in years])
    x = np.column_stack([ages[year_of], odometer[rows] / KM_UNIT])
    strata = Strata(segment, *groups_of(listings.segments))
    reference, slopes, scale = fit(np.log(listings.price[rows]), x, strata)
    counts = np.bincount(segment, minlength=len(listings.segments))
    return {
        listings.segments[i]: PriceModel(
            reference=float(reference[i]),
            age_slope=float(slopes[i, 0]),
            km_slope=float(slopes[i, 1]),
            residual_sd=float(scale[i]),
            listings=int(counts[i]),
        )
        for i in np.flatnonzero(counts >= PRICED_MINIMUM)
    }


def _positive(expected: float) -> float:
    if not expected > 0:
        message = f"expected price {expected} must be above 0; without a price model there is no price to market"
        raise ValueError(message)
    return expected
