"""What a shelf's rooftop, its segment and its market tell of its shoppers, before any of its own sales do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_USUAL_SHELVES: Final = 1.0
"""How many usual shelves are added to those of a rooftop or a segment: one that stands alone would tell of itself."""
_MARKET_WEIGHT: Final = 0.7
"""Of the market's sales against the tenant's own in how much a segment is wanted, both as logarithms."""
_LEAST_SHARE: Final = 0.1
"""Of a rooftop's usual segment: where the market sold none lately, it will not be none for ever."""
_LEAST_RATE: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Margins:
    """Each shelf's rooftop and segment by number, and its market's sales a day, nan where they are not known.

    Shape (shelves,) each.
    """

    rooftop: NDArray[np.intp]
    segment: NDArray[np.intp]
    sold: Floats

    @classmethod
    def of(cls, shelves: Sequence[tuple[str, str]], sold_per_day: Mapping[tuple[str, str], float]) -> Margins:
        """Number the shelves (dealer id and segment) and look their markets' sales up.

        A rooftop whose markets sold nothing at all has none that tell.
        """
        rooftop, segment = (
            np.unique(names, return_inverse=True)[1].reshape(-1) for names in zip(*shelves, strict=True)
        )
        sold = np.array([sold_per_day.get(shelf, np.nan) for shelf in shelves])
        usual = _mean_of_known(rooftop, sold)
        sold = np.where(usual > 0, np.maximum(sold, _LEAST_SHARE * usual), np.nan)
        return cls(rooftop, segment, sold)

    def by_rooftop(self, shoppers: Floats) -> Floats:
        """Give the mean shoppers of each shelf's rooftop."""
        return _means(self.rooftop, shoppers)

    def by_segment(self, shoppers: Floats) -> Floats:
        """Give the mean shoppers of each shelf's segment."""
        return _means(self.segment, shoppers)

    def expected(self, shoppers: Floats) -> Floats:
        """Give the shoppers to expect: the rooftop's mean, as far over it as the segment is wanted.

        How much that is, the tenant's other stores tell, and the market's sales where they are known. Those count
        among each other: on average a rooftop's known segments are wanted as much as the stores have it.
        """
        wanted = self.by_segment(shoppers) / shoppers.mean()
        told = np.isfinite(self.sold)
        blended = wanted ** (1 - _MARKET_WEIGHT) * self.sold**_MARKET_WEIGHT
        among = _mean_of_known(self.rooftop, np.where(told, wanted, np.nan)) / _mean_of_known(self.rooftop, blended)
        expected: Floats = self.by_rooftop(shoppers) * np.where(told, blended * among, wanted)
        return np.maximum(expected, _LEAST_RATE)


def _mean_of_known(number: NDArray[np.intp], figures: Floats) -> Floats:
    """Give each one the mean of its number's figures that are known; nan where none is."""
    known = np.isfinite(figures)
    count = np.bincount(number, known)
    mean: Floats = np.bincount(number, np.where(known, figures, 0.0)) / np.where(count > 0, count, np.nan)
    return mean[number]


def _means(number: NDArray[np.intp], shoppers: Floats) -> Floats:
    mean: Floats = (np.bincount(number, shoppers) + _USUAL_SHELVES * shoppers.mean()) / (
        np.bincount(number) + _USUAL_SHELVES
    )
    return mean[number]
