"""What stands on a shelf as its shoppers see it: the pulls of its units together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.book import UnitStatus
from services.recommend.domain.market_price import market_price

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.recommend.domain.attraction import Attraction
    from services.recommend.domain.book import SegmentMarket, Unit


@dataclass(frozen=True, slots=True)
class Crowd:
    """A shelf's shoppers a day, the pull of a fresh unit at the market's price, and those of its units in stock."""

    attraction: Attraction
    shoppers: float
    pulls: tuple[float, ...]

    @property
    def pull(self) -> float:
        """Give the pull of all of them."""
        return sum(self.pulls)

    def beside(self, units: int) -> float:
        """Give the pull of so many units: as those in stock where there are any, else fresh ones."""
        each = self.pull / len(self.pulls) if self.pulls else self.attraction.appeal
        return max(0, units) * each

    def rate(self, units: int) -> float:
        """Give the daily intensity of a fresh unit at the market's price among so many units, itself included."""
        return self.shoppers * self.attraction.appeal / (1.0 + self.attraction.appeal + self.beside(units - 1))


def crowd(
    attraction: Attraction, shelf: tuple[str, str], units: Sequence[Unit], market: SegmentMarket | None, as_of: date
) -> Crowd | None:
    """Look at a shelf (dealer id and segment) and its units; nothing where its shoppers were not learned.

    A unit without a price, or without a market to hold it against, counts as one at the market's price.
    """
    shoppers = attraction.shoppers_of(shelf)
    if shoppers is None:
        return None
    here = [unit for unit in units if unit.status is UnitStatus.IN_STOCK]
    priced = [market_price(unit, market, as_of) for unit in here]
    ratios = [
        unit.list_price / price.amount if price is not None and unit.list_price else 1.0
        for unit, price in zip(here, priced, strict=True)
    ]
    ages = [float(unit.group_days(as_of) or 0) for unit in here]
    pulls = attraction.pull(np.array(ratios), np.array(ages))
    return Crowd(attraction, shoppers, tuple(pulls.tolist()))
