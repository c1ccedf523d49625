"""A made-up group whose shoppers choose by known figures, day by day; a unit's own factor stands in its key."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import numpy as np
from recommend_sample_books import CAMRY

from services.recommend.domain import Attraction
from services.recommend.domain.attraction.frailty import SHAPE
from services.recommend.domain.attraction.spells import Stand

SHELF: Final = ("north", CAMRY)

FIRST: Final = date(2025, 3, 2)
DAYS: Final = 365
APPEAL, ELASTICITY, STALENESS = 0.2, 11.0, 0.45
_MARKET = 20_000.0
_CUT, _STEP_DAYS = 0.03, 20


def shopping_year(
    seed: int, shelves: int = 12, stock: int = 8, elasticity: float = ELASTICITY
) -> tuple[list[Stand], dict[tuple[str, str], float]]:
    """Give a year of stays on shelves kept at ``stock`` units, and the shoppers a day of each shelf."""
    rng = np.random.default_rng(seed)
    stands: list[Stand] = []
    shoppers = {}
    for number in range(shelves):
        shelf = (f"store{number % 3}", f"used/make/model{number // 3}")
        shoppers[shelf] = float(rng.uniform(0.2, 0.9))
        stands += _shelf(rng, shelf, shoppers[shelf], stock, elasticity)
    return stands, shoppers


def _shelf(
    rng: np.random.Generator, shelf: tuple[str, str], shoppers: float, stock: int, elasticity: float
) -> list[Stand]:
    came = np.zeros(stock)
    opening, quality = rng.normal(1.04, 0.05, stock), rng.gamma(SHAPE, 1 / SHAPE, stock)
    stands = []
    for day in range(DAYS):
        age = day - came
        ratio = opening - _CUT * (age // _STEP_DAYS)
        pull = quality * APPEAL * np.exp(-elasticity * (ratio - 1) - STALENESS * age / 30)
        sold = rng.random(stock) < -np.expm1(-shoppers * pull / (1 + pull.sum()))
        for unit in np.flatnonzero(sold):
            stands.append(_stand(shelf, int(came[unit]), day, float(opening[unit]), float(quality[unit]), sold=True))
            came[unit], opening[unit], quality[unit] = day + 1, rng.normal(1.04, 0.05), rng.gamma(SHAPE, 1 / SHAPE)
    there = [unit for unit in range(stock) if came[unit] < DAYS]
    return stands + [
        _stand(shelf, int(came[unit]), DAYS, float(opening[unit]), float(quality[unit]), sold=False) for unit in there
    ]


def _stand(shelf: tuple[str, str], came: int, left: int, opening: float, quality: float, *, sold: bool) -> Stand:
    steps = range((left - came) // _STEP_DAYS + 1)
    prices = [(FIRST + timedelta(days=came + step * _STEP_DAYS), _MARKET * (opening - _CUT * step)) for step in steps]
    start = FIRST + timedelta(days=came)
    return Stand(
        vehicle_key=f"{quality} {opening} {came} {shelf}",
        shelf=shelf, came=start, began=start, ended=FIRST + timedelta(days=left), sold=sold, market_price=_MARKET,
        prices=prices,
    )  # fmt: skip


def learned(
    shoppers: float = 0.6, elasticity: float = 11.0, staleness: float = 0.4, elasticity_sd: float = 0.5
) -> Attraction:
    """Give what a store's Camry shoppers, so many a day, might have taught."""
    return Attraction(
        appeal=0.2,
        elasticity=elasticity,
        elasticity_sd=elasticity_sd,
        staleness=staleness,
        shoppers={SHELF: shoppers},
        by_rooftop={"north": shoppers},
        by_segment={CAMRY: shoppers},
        usual=shoppers,
        sales=400,
    )
