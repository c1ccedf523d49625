"""Buying at auction: offers that are limited, of uncertain cost, and dearer the more the group takes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from bench.closed_loop.catalogue import MODELS, VARIANTS, model_of
from bench.closed_loop.conditions import draw_vehicle
from bench.closed_loop.group import Car

if TYPE_CHECKING:
    from bench.closed_loop.group import Group, Wish

_TASTE_DAYS = 180
_PRIOR_SALES = 0.5
_DEAREST = 1.08
"""The buyer lets an offer go that costs this much more than usual."""
_TRIES = 3


class Lane:
    """A week at the auctions for one group; a new one is opened at every review."""

    def __init__(self, group: Group, day: int, wishes: list[Wish]) -> None:
        physics = group.conditions.physics
        self._group = group
        self._wishes = sorted(wishes, key=lambda wish: (-wish.urgency, wish.rooftop, wish.model))
        self._left = {id(wish): wish.quantity for wish in self._wishes}
        self._bought: Counter[int] = Counter()
        self._seen: Counter[tuple[int, int]] = Counter()
        self._week = day // 7
        popularity = np.array([model.popularity for model in MODELS])
        rng = np.random.default_rng([group.conditions.seed, 5, self._week])
        self._offers = rng.poisson(physics.offers_per_week * popularity)

    def trade(self, day: int, opening_to_market: float) -> None:
        """Buy what a day allows, the most urgent first, within slots, line and the buyer's time."""
        physics = self._group.conditions.physics
        owned: Counter[int] = Counter()
        money: Counter[int] = Counter()
        for car in self._group.cars.values():
            owned[car.rooftop] += 1
            money[car.rooftop] += int(car.invested)
        done: Counter[int] = Counter()
        for wish in self._wishes:
            while (
                self._left[id(wish)] > 0
                and done[wish.rooftop] < physics.daily_purchases
                and owned[wish.rooftop] < physics.lot_slots
                and money[wish.rooftop] < physics.floorplan_line
                and self._bought[wish.model] < self._offers[wish.model]
            ):
                configuration = wish.configuration
                if configuration is None:
                    configuration = pick_variant(self._group, wish.rooftop, wish.model, day)
                car = self._buy(day, wish.rooftop, configuration, opening_to_market)
                self._left[id(wish)] -= 1
                owned[wish.rooftop] += 1
                money[wish.rooftop] += int(car.invested)
                done[wish.rooftop] += 1

    def _buy(self, day: int, rooftop: int, configuration: int, opening_to_market: float) -> Car:
        """Bid until a usual price is met, then recondition; the price is put on the car when it is ready."""
        group, physics = self._group, self._group.conditions.physics
        model = model_of(configuration)
        for _ in range(_TRIES):
            key = (rooftop, configuration)
            rng = np.random.default_rng([group.conditions.seed, 4, self._week, *key, self._seen[key]])
            self._seen[key] += 1
            luck = float(np.exp(rng.normal(0, physics.lane_spread)))
            if luck < _DEAREST:
                break
        usual = physics.lane_price * (1 + physics.lane_slope * self._bought[model])
        self._bought[model] += 1
        car = draw_car(group, rooftop, configuration, day, rng)
        car.ready_day = car.first_day = day + round(4 + float(rng.gamma(3.0, (physics.lead_days - 4) / 3)))
        worth = float(group.worth([car], day)[0])
        car.cost = round(worth * usual * luck + physics.lane_fee)
        group.reprice(car, asked(worth, car, opening_to_market), car.ready_day)
        return car


def draw_car(group: Group, rooftop: int, configuration: int, day: int, rng: np.random.Generator) -> Car:
    """Draw a vehicle and put it into the group's books; its cost and price are still to be set."""
    physics = group.conditions.physics
    year, km = draw_vehicle(configuration, day, rng)
    lemon = rng.random() < physics.lemon_share
    group.serial += 1
    car = Car(
        serial=group.serial,
        rooftop=rooftop,
        configuration=configuration,
        year=year,
        km=km,
        equipment=float(rng.normal(0, physics.equipment_spread)),
        quality=float(rng.normal(physics.lemon_quality if lemon else physics.good_quality, physics.quality_spread)),
        appraisal_error=float(rng.normal(0, physics.appraisal_error)),
        cost=0.0,
        recon=round(float(rng.gamma(4.0, physics.recon_mean / 4))),
        bought_day=day,
        ready_day=day,
        first_day=day,
    )
    group.cars[car.serial] = car
    return car


def asked(worth: float, car: Car, to_market: float) -> float:
    """Give the price a manager puts on a car by his own appraisal, which errs a little."""
    return round(worth * float(np.exp(car.appraisal_error)) * to_market / 50) * 50 - 10.0


def pick_variant(group: Group, rooftop: int, model: int, day: int) -> int:
    """Pick the configuration of a model that the store has sold well lately and is shortest of."""
    sold, stock = np.full(VARIANTS, _PRIOR_SALES), np.zeros(VARIANTS)
    for car in reversed(group.gone):
        if car.left_day is not None and car.left_day < day - _TASTE_DAYS:
            break
        if car.rooftop == rooftop and car.model == model and car.sold:
            sold[car.configuration % VARIANTS] += 1
    for car in group.owned(rooftop):
        if car.model == model:
            stock[car.configuration % VARIANTS] += 1
    short = sold / sold.sum() * (stock.sum() + 1) - stock
    return VARIANTS * model + int(short.argmax())
