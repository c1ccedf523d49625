"""Shoppers of a segment choose among its units and going elsewhere, as in a multinomial logit.

    intensity of unit i = shoppers * pull(i) / (1 + sum of pulls on its shelf)
    pull(i) = quality(i) * appeal * exp(-elasticity * (price to market - 1) - staleness * age / 30 days)

Each further unit sells more, and takes part of its sales from its neighbours. The logit form is McFadden's (1974);
choice among used cars by it, Berry, Levinsohn and Pakes (Econometrica, 1995).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

OLDEST_DAYS: Final = 120.0
"""Older units are taken for as stale as these: few stood longer, and they for reasons of their own."""
_DAYS_PER_MONTH: Final = 30.0
_LEAST_KNOWN: Final = 0.5
"""No effect of a price is less certain than the trade's own figure makes it."""
_FURTHEST: Final = 0.3
"""A price further from the market's than this says that the market price is of another car."""


@dataclass(frozen=True, slots=True)
class Attraction:
    """The tenant's model; ``shoppers`` a day by dealer and segment, ``staleness`` in log pull per 30 days.

    ``by_rooftop``, ``by_segment`` and ``usual`` (of all) are their means, which tell of shelves where nothing ever
    stood. ``appeal`` is the pull of a fresh unit at the market's price, over that of going elsewhere. ``sales`` is
    what it was fitted on, ``elasticity_sd`` how well that is known.
    """

    appeal: float
    elasticity: float
    elasticity_sd: float
    staleness: float
    shoppers: Mapping[tuple[str, str], float]
    by_rooftop: Mapping[str, float]
    by_segment: Mapping[str, float]
    usual: float
    sales: int
    qualities: Mapping[str, float] = field(default_factory=dict)
    """By vehicle key what its stay told of a unit, as a factor on its pull; 1 of one that nothing is known of."""

    @property
    def elasticity_log_sd(self) -> float:
        """Give how well the effect of the price is known, as the sd of its logarithm."""
        return min(_LEAST_KNOWN, self.elasticity_sd / max(self.elasticity, self.elasticity_sd, 1e-9))

    def shoppers_of(self, shelf: tuple[str, str]) -> float | None:
        """Give a shelf's shoppers a day; none of a segment that no rooftop ever had."""
        learned = self.shoppers.get(shelf)
        if learned is not None:
            return learned
        dealer_id, segment = shelf
        if segment not in self.by_segment:
            return None
        return self.by_segment[segment] * self.by_rooftop.get(dealer_id, self.usual) / self.usual

    def quality(self, vehicle_key: str) -> float:
        """Give the factor of a unit on its pull, as its stay told it."""
        return self.qualities.get(vehicle_key, 1.0)

    def pull(self, price_to_market: Floats | float, age_days: Floats | float) -> Floats:
        """Give the pull of usual units at a price over the market's and an age in days; broadcasts."""
        return self.appeal * price_pull(price_to_market, self.elasticity) * age_pull(age_days, self.staleness)


def price_pull(price_to_market: Floats | float, elasticity: Floats | float) -> Floats:
    """Give the factor of a price on the pull; 1 at the market's."""
    over = np.clip(np.asarray(price_to_market, dtype=np.float64) - 1.0, -_FURTHEST, _FURTHEST)
    factor: Floats = np.exp(-elasticity * over)
    return factor


def age_pull(age_days: Floats | float, staleness: Floats | float) -> Floats:
    """Give the factor of an age on the pull; 1 for a fresh unit."""
    months = np.clip(np.asarray(age_days, dtype=np.float64), 0.0, OLDEST_DAYS) / _DAYS_PER_MONTH
    factor: Floats = np.exp(-staleness * months)
    return factor
