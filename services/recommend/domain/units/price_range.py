"""Which prices may be put on a unit: floor, ceiling, step and price endings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.market_price import may_be_cut

if TYPE_CHECKING:
    from services.recommend.domain.time_to_sale import Floats
    from services.recommend.domain.units.appraisal import Appraisal

GRID_PRICES = 41
_WHOLE = 100_000
_FINE = 10_000


@dataclass(frozen=True, slots=True)
class PriceRange:
    """The lowest and highest price that one move may set; none may be set where low is above high."""

    floor: float
    ceiling: float
    low: float
    high: float

    @property
    def is_open(self) -> bool:
        """Whether any price may be set."""
        return self.low <= self.high


def price_range(appraisal: Appraisal) -> PriceRange:
    """Give the range of a unit's next price.

    Floor: the higher of the store's share of market price and share of total cost. Ceiling: a share of the market
    price, and the MSRP of a new car. One move cuts by at most ``maximum_cut``, or down to the market where that is
    further, and rises by at most ``maximum_rise``. Without a market price it never rises, and is cut only so far
    under the first tag it had. Nor does it rise once it has stood for ``age_review_days``: a car that nobody took
    does not get dearer.
    """
    parameters, market = appraisal.rooftop.parameters, appraisal.market_price.amount
    floor = parameters.floor_to_market * market
    if appraisal.unit.total_cost is not None:
        floor = max(floor, parameters.floor_to_cost * appraisal.unit.total_cost)
    ceiling = parameters.ceiling_to_market * market
    if appraisal.unit.is_new and appraisal.unit.msrp:
        ceiling = min(ceiling, appraisal.unit.msrp)
    fresh = (appraisal.unit.group_days(appraisal.as_of) or 0) < parameters.age_review_days
    rise = parameters.maximum_rise if appraisal.comparable and fresh else 0.0
    low = max(floor, min(appraisal.price * (1 - parameters.maximum_cut), market))
    if not may_be_cut(appraisal.unit, appraisal.market_price):
        low = max(low, appraisal.price)
    return PriceRange(floor, ceiling, low, min(ceiling, appraisal.price * (1 + rise)))


def price_step(price: float) -> float:
    """Give the distance between customary prices: 50, 100 or 1,000 by the size of the price."""
    if price >= _WHOLE:
        return 1_000.0
    return 100.0 if price >= _FINE else 50.0


def with_ending(price: float) -> float:
    """Move a price to the nearest customary one, ten under a round figure: 18,490 rather than 18,463."""
    step = price_step(price)
    return max(step - 10, round((price + 10) / step) * step - 10)


def grid(span: PriceRange, present: float, *, count: int = GRID_PRICES) -> Floats:
    """Give ``count`` customary prices within the range, ``nan`` where one falls outside.

    The range's ends count too where no customary price lies inside it, rounded inwards to whole units.
    """
    if not span.is_open:
        return np.full(count, np.nan)
    step = price_step(present)
    prices: Floats = np.round((np.linspace(span.low, span.high, count) + 10) / step) * step - 10
    prices[(prices < span.low) | (prices > span.high)] = np.nan
    if np.isnan(prices).all() and math.ceil(span.low) <= span.high:
        prices[0] = math.ceil(span.low)
    return prices
