"""A year of uneven management, so that histories have stock-outs, surpluses and prices of all kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.closed_loop.catalogue import CONFIGURATIONS, MODELS
from bench.closed_loop.feed import appraised, sales
from bench.closed_loop.group import Orders, Wish
from bench.closed_loop.lane import asked, draw_car

if TYPE_CHECKING:
    from bench.closed_loop.group import Group

_FIRST_STOCK = 70
_OUT_AT = 100
_WINDOW = 60
_MOOD_DAYS = 56


@dataclass(frozen=True, slots=True)
class WarmUp:
    """A manager who over- and under-buys by whim, tries models, and prices by feel."""

    opening_to_market: float = 1.02
    name: str = "warm-up"

    def review(self, group: Group, day: int) -> Orders:
        """Do about what a store does, with enough mistakes to learn from."""
        orders, rooftops = Orders(), range(group.conditions.physics.rooftops)
        for rooftop in rooftops:
            rng = np.random.default_rng([group.conditions.seed, 8, rooftop, day // _MOOD_DAYS])
            mood, trials = rng.lognormal(0.1, 0.45, len(MODELS)), rng.poisson(0.5, len(MODELS))
            rng = np.random.default_rng([group.conditions.seed, 9, rooftop, day])
            cars = group.on_lot(rooftop, day)
            for car, value in zip(cars, appraised(group, cars, day), strict=True):
                age = day - car.first_day
                if age >= _OUT_AT:
                    orders.wholesale.append(car.serial)
                elif age >= 21 and rng.random() < 0.25:
                    wanted = float(value) * (1.03 - 0.0015 * (age - 21) + float(rng.normal(0, 0.025)))
                    if wanted < car.price:
                        orders.prices[car.serial] = round(wanted / 50) * 50 - 10.0
            sold, stock = np.zeros(len(MODELS)), np.zeros(len(MODELS))
            for car in sales(group, rooftop, day, _WINDOW):
                sold[car.model] += 1
            for car in group.owned(rooftop):
                stock[car.model] += 1
            if day < _WINDOW:
                continue
            short = np.maximum(np.round(sold * mood * 50 / _WINDOW), trials) - stock
            orders.wishes += [
                Wish(rooftop, model, int(count), float(rng.random()))
                for model, count in enumerate(short)
                if count > 0
            ]
        if day < _WINDOW:
            orders.wishes = [
                Wish(rooftop, int(rng.integers(len(MODELS))), 1, float(rng.random()))
                for rooftop in rooftops
                for _ in range(9)
            ]
        return orders


def first_stock(group: Group) -> None:
    """Fill the lots on the first day with cars of all ages, without regard to what customers want."""
    rng = np.random.default_rng([group.conditions.seed, 10])
    physics = group.conditions.physics
    for rooftop in range(physics.rooftops):
        for _ in range(_FIRST_STOCK):
            car = draw_car(group, rooftop, int(rng.integers(CONFIGURATIONS)), 0, rng)
            car.ready_day = car.first_day = car.bought_day = -int(rng.gamma(1.2, 25))
            worth = float(group.worth([car], 0)[0])
            car.cost = round(worth * physics.lane_price * float(np.exp(rng.normal(0, physics.lane_spread))) + 250)
            group.reprice(car, asked(worth, car, 1.02), car.ready_day)
