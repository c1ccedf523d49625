"""Market days' supply of vehicles like mine: same segment and model-year band, and the same trim.

A segment's figure lumps its trims and years together. A cell of one trim and band has few adverts, so that its
days' supply leans on that of the band, the band's on the segment and the segment's on its condition group:

    days' supply = (active * window + k * days' supply above) / (sold + k)

which is the gamma-Poisson posterior mean rate of sale per advert and day, turned over, with ``k`` sales' worth
of trust in the level above. It is never infinite, and n is shown with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.market.domain.listings import groups_of, trim_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from services.market.domain.listings import Listings
    from services.market.domain.observation import Assumptions, Observation

TRUST_SALES = 5.0
BAND_YEARS = 3
_USUAL_DAYS_SUPPLY = 60.0
_USUAL_SALES = 2.0


@dataclass(frozen=True, slots=True)
class LikeMine:
    """Supply of one cell; ``trim`` None means all trims of the years from ``year_from`` to ``year_to``.

    ``days_supply`` is shrunk; ``n`` is how many adverts of the cell itself stand behind it.
    """

    trim: str | None
    year_from: int
    year_to: int
    active_listings: int
    sold_in_window: float
    days_supply: float

    @property
    def n(self) -> int:
        """Count the adverts that say something of the cell: active ones and sold ones."""
        return self.active_listings + round(self.sold_in_window)


Cell = tuple[str, int]
"""A trim's folded spelling (empty: all trims) and the first year of a band."""


def cell_of(model_year: int, trim: str | None) -> Cell:
    """Give the cell a vehicle is in; years go in bands of three, such as 2019 to 2021."""
    return trim_key(trim), model_year - model_year % BAND_YEARS


def like_mine(
    listings: Listings, observation: Observation, assumptions: Assumptions
) -> dict[str, dict[Cell, LikeMine]]:
    """Give by segment the supply of every cell that has adverts; nothing where no departures were watched yet."""
    window = observation.window_days
    if not window:
        return {}
    rows = (observation.on_market | observation.left) & np.isfinite(listings.model_year)
    above = _segment_days_supply(listings, observation, assumptions)
    band = (listings.model_year[rows] // BAND_YEARS).astype(np.intp) * BAND_YEARS
    segment, trim = listings.segment_of[rows], listings.trim_of[rows]
    active = observation.on_market[rows].astype(np.float64)
    sold = observation.left[rows].astype(np.float64) * assumptions.sale_share
    found: dict[str, dict[Cell, LikeMine]] = {}
    for (place, first), in_band, sold_in_band in _counted(np.column_stack([segment, band]), active, sold):
        supply = _shrunk(in_band, sold_in_band, window, above[place])
        cell = LikeMine(None, first, first + BAND_YEARS - 1, int(in_band), sold_in_band, supply)
        found.setdefault(listings.segments[place], {})["", first] = cell
    named = trim >= 0
    cells = np.column_stack([trim[named], band[named]])
    for (number, first), in_cell, sold_in_cell in _counted(cells, active[named], sold[named]):
        place, key = listings.trims[number]
        of_segment = found[listings.segments[place]]
        supply = _shrunk(in_cell, sold_in_cell, window, of_segment["", first].days_supply)
        name = listings.trim_labels[number]
        of_segment[key, first] = LikeMine(name, first, first + BAND_YEARS - 1, int(in_cell), sold_in_cell, supply)
    return found


def lookup(cells: Mapping[Cell, LikeMine], model_year: int | None, trim: str | None) -> LikeMine | None:
    """Find the cell of a vehicle: its trim and band, else its band; None where neither was advertised."""
    if model_year is None:
        return None
    key, first = cell_of(model_year, trim)
    return cells.get((key, first)) or cells.get(("", first))


def _segment_days_supply(
    listings: Listings, observation: Observation, assumptions: Assumptions
) -> NDArray[np.float64]:
    count, window = len(listings.segments), observation.window_days
    group, groups = groups_of(listings.segments)
    active = np.bincount(listings.segment_of[observation.on_market], minlength=count).astype(np.float64)
    sold = np.bincount(listings.segment_of[observation.left], minlength=count) * assumptions.sale_share
    of_group_active = np.bincount(group, weights=active, minlength=groups)
    of_group_sold = np.bincount(group, weights=sold, minlength=groups)
    usual = (of_group_active * window + _USUAL_SALES * _USUAL_DAYS_SUPPLY) / (of_group_sold + _USUAL_SALES)
    shrunk: NDArray[np.float64] = (active * window + TRUST_SALES * usual[group]) / (sold + TRUST_SALES)
    return shrunk


def _shrunk(active: float, sold: float, window: int, above: float) -> float:
    return float((active * window + TRUST_SALES * above) / (sold + TRUST_SALES))


def _counted(
    cells: NDArray[np.intp], active: NDArray[np.float64], sold: NDArray[np.float64]
) -> list[tuple[tuple[int, int], float, float]]:
    """Add up active and sold by pairs of numbers, shape (rows, 2)."""
    if not len(cells):
        return []
    pairs, of_row = np.unique(cells, axis=0, return_inverse=True)
    of_row = of_row.reshape(-1)
    sums = [np.bincount(of_row, weights=values, minlength=len(pairs)).tolist() for values in (active, sold)]
    return [((int(one), int(two)), a, s) for (one, two), a, s in zip(pairs, *sums, strict=True)]
