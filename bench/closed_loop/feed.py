"""What a dealer's system and a market feed would show of the simulated world, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bench.closed_loop.catalogue import MODELS, SEGMENTS, VARIANTS, trim_of
from bench.closed_loop.conditions import calendar, draw_vehicle
from services.forecast.domain.history import Stay
from services.market.domain import Listing, Listings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.closed_loop.catalogue import Floats
    from bench.closed_loop.conditions import Conditions
    from bench.closed_loop.group import Car, Group

_SEEN_DAYS = 50
_MEDIAN_DAYS, _DAYS_SPREAD = 30.0, 0.8
_REPRICED_EVERY = 14


class MarketFeed:
    """Competitors' adverts, drawn once; their prices follow the market's level every fortnight."""

    def __init__(self, conditions: Conditions) -> None:
        rng = np.random.default_rng([conditions.seed, 7])
        physics, self._conditions = conditions.physics, conditions
        rows: list[tuple[int, float, float, int, int]] = []
        mean_days = _MEDIAN_DAYS * np.exp(_DAYS_SPREAD**2 / 2)
        for number, model in enumerate(MODELS):
            a_day = physics.competitor_units * model.popularity / mean_days
            for first in np.sort(rng.integers(-120, physics.days, rng.poisson(a_day * (physics.days + 120)))):
                today = max(0, int(first))
                pace = float(conditions.fashion[today, number]) ** 0.5
                stay = int(_MEDIAN_DAYS * rng.lognormal(0, _DAYS_SPREAD) / pace) + 1
                configuration = VARIANTS * number + int(rng.integers(VARIANTS))
                year, km = draw_vehicle(configuration, today, rng)
                rows.append((configuration, year, km, int(first), int(first) + stay))
        table = np.array(rows)
        self._configuration, self._year, self._km, self._first, self._last = table.T
        self._markup: Floats = rng.normal(0.01, physics.asking_spread, len(rows))
        self._markup += rng.normal(0, physics.equipment_spread, len(rows))

    def listings(self, day: int) -> Listings:
        """Give the adverts known on a day: those up, and those gone for less than seven weeks."""
        known = np.flatnonzero((self._first < day) & (self._last >= day - _SEEN_DAYS))
        seen = np.minimum(self._last[known], day - 1)
        priced = self._first[known] + (seen - self._first[known]) // _REPRICED_EVERY * _REPRICED_EVERY
        prices = self._prices(known, np.maximum(priced, 0).astype(np.int64))
        return Listings.of(
            Listing(
                key=f"advert-{row}",
                segment=SEGMENTS[int(self._configuration[row]) // VARIANTS],
                price=float(price),
                odometer_km=float(self._km[row]),
                model_year=int(self._year[row]),
                trim=trim_of(int(self._configuration[row])),
                first_seen=calendar(int(self._first[row])),
                last_seen=calendar(int(last)),
                active=bool(self._last[row] >= day),
            )
            for row, price, last in zip(known, prices, seen, strict=True)
        )

    def _prices(self, rows: NDArray[np.intp], days: NDArray[np.int64]) -> Floats:
        value = self._conditions.market_value(self._configuration[rows], self._year[rows], self._km[rows], days)
        asked: Floats = np.round(value * np.exp(self._markup[rows]) / 10) * 10
        return asked


def stays(group: Group, rooftop: int, day: int) -> list[Stay]:
    """Give every stay of a rooftop's records, those that go on included."""
    ended = [
        Stay(visit.segment, calendar(visit.stocked), calendar(visit.left), visit.sold)
        for visit in group.visits
        if visit.rooftop == rooftop
    ]
    return ended + [
        Stay(car.segment, calendar(car.ready_day), None, sold=False) for car in group.on_lot(rooftop, day)
    ]


def sales(group: Group, rooftop: int, day: int, days: int) -> list[Car]:
    """List the cars a rooftop retailed in the last ``days``, newest first."""
    found = []
    for car in reversed(group.gone):
        if car.left_day is not None and car.left_day < day - days:
            break
        if car.rooftop == rooftop and car.sold:
            found.append(car)
    return found


def appraised(group: Group, cars: list[Car], day: int) -> Floats:
    """Give what the store's manager thinks the market asks for cars: right but for an error of his own."""
    errors = np.exp(np.array([car.appraisal_error for car in cars], dtype=np.float64))
    value: Floats = group.worth(cars, day) * errors
    return value
