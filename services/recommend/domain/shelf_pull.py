"""What stands on a shelf as its shoppers see it: the pulls of its units together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.book import UnitStatus
from services.recommend.domain.market_price import market_price

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from services.recommend.domain.attraction import Attraction
    from services.recommend.domain.book import SegmentMarket, Unit


@dataclass(frozen=True, slots=True)
class Crowd:
    """A shelf's shoppers a day, and the pulls of its units in stock by vehicle key."""

    attraction: Attraction
    shoppers: float
    pulls: Mapping[str, float]

    @property
    def pull(self) -> float:
        """Give the pull of all of them."""
        return sum(self.pulls.values())

    def beside(self, vehicle_key: str, units: int) -> float:
        """Give the pull of so many units beside one: as the others in stock where there are any, else fresh ones."""
        own = self.pulls.get(vehicle_key)
        others = len(self.pulls) - (own is not None)
        each = (self.pull - (own or 0.0)) / others if others else self.attraction.appeal
        return max(0, units) * max(0.0, each)

    def without(self, vehicle_keys: Collection[str]) -> Crowd:
        """Give it without units that leave."""
        return replace(self, pulls={key: pull for key, pull in self.pulls.items() if key not in vehicle_keys})

    def repriced(self, vehicle_key: str, price_to_market: float, age_days: float) -> Crowd:
        """Give it with a unit at another price."""
        pull = float(self.attraction.pull(price_to_market, age_days)) * self.attraction.quality(vehicle_key)
        return replace(self, pulls={**self.pulls, vehicle_key: pull})


def crowd(
    attraction: Attraction, shelf: tuple[str, str], units: Sequence[Unit], market: SegmentMarket | None, as_of: date
) -> Crowd | None:
    """Look at a shelf (dealer id and segment) and its units; nothing where its shoppers were not learned.

    A unit without a price, or without a market to hold it against, counts as one at the market's price.
    """
    shoppers = attraction.shoppers_of(shelf)
    if shoppers is None:
        return None
    here = [unit for unit in units if unit.status is UnitStatus.IN_STOCK and not unit.promised]
    priced = [market_price(unit, market, as_of) for unit in here]
    ratios = [
        unit.list_price / price.amount if price is not None and unit.list_price else 1.0
        for unit, price in zip(here, priced, strict=True)
    ]
    ages = [float(unit.group_days(as_of) or 0) for unit in here]
    qualities = np.array([attraction.quality(unit.vehicle_key) for unit in here])
    pulls = qualities * attraction.pull(np.array(ratios), np.array(ages))
    return Crowd(attraction, shoppers, dict(zip((unit.vehicle_key for unit in here), pulls.tolist(), strict=True)))
