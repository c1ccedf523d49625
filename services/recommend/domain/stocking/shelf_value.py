"""What further units of a shelf bring under the attraction model: its sales shared, its neighbours' taken off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from services.recommend.domain.attraction import Attraction
    from services.recommend.domain.expected_gross import ExpectedGross
    from services.recommend.domain.shelf_pull import Crowd
    from services.recommend.domain.time_to_sale import Floats

_SLOWEST = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Prospects:
    """Of each further unit, all of shape (..., units).

    ``rate`` is at which its customers come, a day; ``sells`` the chance that one does before it leaves through the
    lane, ``days`` how long it stands until either, and ``added`` the sales that it adds to its neighbours'.
    """

    rate: Floats
    sells: Floats
    days: Floats
    added: Floats

    @property
    def taken(self) -> Floats:
        """Give the sales that it takes from its neighbours."""
        return self.sells - self.added


@dataclass(frozen=True, slots=True)
class ShelfValue:
    """A shelf's shoppers, what a sale there brings and what a day of a unit costs; amounts in its currency.

    ``shoppers`` are those of the ``season`` ahead, over the usual, ``selling`` the sales a day of those in
    stock as of now.
    ``per_day`` is the holding cost with the worth of the place. ``earned`` is what past sales brought, so that the
    cuts of those that grew stale are in it. ``standing`` is the pull that is still there when a purchase of today
    lands, ``left`` the units that have it.
    """

    attraction: Attraction
    shoppers: float
    season: float
    selling: float
    earned: float
    exit_loss: float
    per_day: float
    standing: float
    left: float
    available: int
    longest_days: float

    def left_of(self, available: int) -> float:
        """Give how many are left when a purchase of today lands, with so many here or on the way."""
        return max(0.0, self.left + available - self.available)

    def prospects(self, available: int, count: int, scale: Floats | float = 1.0) -> Prospects:
        """Give the prospects of the next ``count`` units with ``available`` here or on the way.

        ``scale`` is on the shoppers; for several, of shape (k, 1), the prospects are of shape (k, units). The n-th
        unit finds customers at its own pace; of those, the share 1 / (1 + pull of the others) would have gone
        elsewhere, the rest would have bought a neighbour.
        """
        appeal = self.attraction.appeal
        ahead = available + np.arange(count) - self.available
        before = np.maximum(0.0, self.standing + appeal * ahead)
        rate = np.maximum(_SLOWEST, scale * self.shoppers * appeal / (1.0 + before + appeal))
        sells = -np.expm1(-rate * self.longest_days)
        return Prospects(rate=rate, sells=sells, days=sells / rate, added=sells / (1.0 + before))

    def marginal(self, available: int, count: int) -> Floats:
        """Give the expected net of the next ``count`` units, as for :meth:`prospects`; never rising.

        One that finds no customer in ``longest_days`` costs ``exit_loss`` in the lane.
        """
        ahead = self.prospects(available, count)
        net: Floats = ahead.added * self.earned - (1 - ahead.sells) * self.exit_loss - self.per_day * ahead.days
        return np.minimum.accumulate(net)


def shelf_value(
    there: Crowd,
    gross: ExpectedGross,
    per_day: float,
    *,
    exit_loss: float,
    inbound: int,
    lead_days: float,
    longest_days: float,
    season: float = 1.0,
) -> ShelfValue:
    """Put a shelf's values together; those in stock sell on until a purchase of today is there.

    ``season`` is what the forecast has for the days after that over those of an average time of year.
    """
    appeal = there.attraction.appeal
    shoppers = season * there.shoppers
    kept = float(np.exp(-shoppers / (1.0 + there.pull) * appeal * lead_days))
    return ShelfValue(
        attraction=there.attraction,
        shoppers=shoppers,
        season=season,
        selling=there.shoppers * there.pull / (1.0 + there.pull),
        earned=gross.front + gross.back,
        exit_loss=exit_loss,
        per_day=per_day,
        standing=there.pull * kept + appeal * inbound,
        left=len(there.pulls) * kept + inbound,
        available=len(there.pulls) + inbound,
        longest_days=longest_days,
    )
