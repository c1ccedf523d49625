"""What is taken for true of the time to sale before a tenant's own sales have been seen.

Where the figures come from:

- the level (a median of 32 days for a used car at the market, 50 for a new one), demand and photos: the trade's
  knowledge, as in the parameters' defaults. A unit's share of demand counts by half: it is measured with error.
- the shape by age and the effects of price and days' supply: what 100 daily scrapes of one province's adverts
  showed, read from those that appeared in the first ten weeks (see ``bench/time_to_sale``). There a point of price
  moved the daily chance by 1.7 %, where vendors say 8: a market price that misses equipment hides part of the
  effect, so 3 is taken. Of adverts an unusual number end in their first week, not all of them by a sale.
- the months: the trade's ordinary year, with a spring above and a late autumn below the average.

The sd of each says how far a tenant is expected to differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from services.recommend.domain.time_to_sale.features import AGE, MONTHS, NAMES, PACE, age_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class HazardPrior:
    """A Gaussian prior of the coefficients, in the order of ``NAMES``: ``mean`` (p,), ``precision`` (p, p)."""

    mean: Floats
    precision: Floats

    def __post_init__(self) -> None:
        """Refuse a prior of other coefficients than the model's."""
        p = len(NAMES)
        if self.mean.shape != (p,) or self.precision.shape != (p, p):
            message = (
                f"the prior has mean {self.mean.shape} and precision {self.precision.shape}; the model has {p}"
                f" coefficients: {', '.join(NAMES)}"
            )
            raise ValueError(message)


MEDIAN_DAYS: Final = 32
"""Of a used car at the market."""
_MEANS: Final[dict[str, float]] = {
    "new": -0.45,
    "price": -3.0,
    "demand": 0.5,
    "supply": -0.2,
    "photos": 0.1,
    "age": -3.5,
    "age_from_7": 2.3,
    "age_from_21": 1.0,
    "age_from_45": 0.0,
    "age_from_90": 0.1,
}
_SDS: Final[dict[str, float]] = {
    "intercept": 0.5,
    "new": 0.4,
    "price": 2.5,
    "demand": 0.2,
    "supply": 0.2,
    "photos": 0.1,
    "age": 1.5,
    "age_from_7": 1.5,
    "age_from_21": 0.7,
    "age_from_45": 0.35,
    "age_from_90": 0.2,
}
_MONTH_MEANS: Final = (-0.05, 0.02, 0.10, 0.07, 0.05, 0.03, 0.02, 0.03, -0.02, -0.05, -0.10, -0.10)
_MONTH_SD: Final = 0.10


def _means() -> Floats:
    """Give the means in order; the intercept is the one whose survival at ``MEDIAN_DAYS`` is one half."""
    age = age_columns(np.arange(1.0, MEDIAN_DAYS + 1)) @ np.array([_MEANS[name] for name in AGE])
    known = _MEANS | {"intercept": float(np.log(np.log(2.0) / np.exp(age).sum()))}
    return np.array([*(known[name] for name in (*PACE, *AGE)), *_MONTH_MEANS])


def _sds() -> Floats:
    return np.array([*(_SDS[name] for name in (*PACE, *AGE)), *([_MONTH_SD] * len(MONTHS))])


TRADE_PRIOR: Final = HazardPrior(mean=_means(), precision=np.diag(1.0 / _sds() ** 2))
"""For a tenant with no sales of its own."""
