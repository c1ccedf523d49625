"""One who knows the world's rates, tastes, prices and laws as they are today, but not the future.

It may be told less: of ``by_segment`` how many want each model at each store, but not which trim and age they want.

Nor does it know which car is a poor one: it believes what its time on the lot says. Prices each car at the best
point of its true acceptance curve, sends it away when that is worth less than the lane, and adds whichever
configuration raises the store's expected profit a day by most, substitution counted, until none does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bench.closed_loop.catalogue import CONFIGURATIONS, VARIANTS, model_of
from bench.closed_loop.customers import Offered, typical_customers, utilities
from bench.closed_loop.group import Orders, Wish
from bench.closed_loop.simulation import REVIEW_DAYS, offered

if TYPE_CHECKING:
    from bench.closed_loop.catalogue import Floats
    from bench.closed_loop.conditions import Conditions
    from bench.closed_loop.customers import Customers
    from bench.closed_loop.group import Car, Group

_SAMPLE = 400
_PRICES_TO_MARKET = np.arange(0.88, 1.121, 0.02)
_WORTH_MOVING = 100.0
_USUAL_RECON = 850.0
_MOST_BUYS = 40
_USUAL_PACE = 1 / 28
"""Daily chance of sale of a good car."""


@dataclass(frozen=True, slots=True)
class Oracle:
    """``slot_value`` in USD a day is what a place earns; ``least_gain`` what a purchase must add a day."""

    slot_value: float = 20.0
    least_gain: float = 0.0
    transfer_gain: float = 500.0
    opening_to_market: float = 1.02
    by_segment: bool = False
    name: str = "oracle"

    def review(self, group: Group, day: int) -> Orders:
        """Price, move and buy by the truth of the day."""
        orders = Orders()
        rooftops = range(group.conditions.physics.rooftops)
        told = _evened(group.conditions) if self.by_segment else group.conditions
        samples = {each: typical_customers(told, day, each, _SAMPLE) for each in rooftops}
        values = {each: self._price(group, each, day, samples[each], orders) for each in rooftops}
        self._move(group, day, samples, values, orders)
        for rooftop in rooftops:
            self._buy(group, rooftop, day, samples[rooftop], orders)
        return orders

    def _holding(self, worth: Floats, group: Group) -> Floats:
        """Give what a day of a car costs, its fall in value and its place included."""
        physics = group.conditions.physics
        cost: Floats = worth * (0.9 * physics.floorplan_apr + 0.115) / 365
        return cost + physics.overhead_per_day + self.slot_value

    def _best(
        self, group: Group, rooftop: int, day: int, customers: Customers, cars: Offered, others: Floats
    ) -> tuple[Floats, Floats]:
        """Give each car's best price and what it is then worth, beside ``others``: the pull of all the rest."""
        physics, count = group.conditions.physics, cars.price.size
        traffic = _traffic(group, rooftop, day)
        best, value = cars.price.copy(), np.full(count, -np.inf)
        hold = self._holding(cars.market, group)
        for to_market in _PRICES_TO_MARKET:
            price = cars.market * to_market
            tried = Offered(cars.configuration, price, cars.market, cars.quality, cars.days + 14, cars.serial)
            pull = np.exp(utilities(customers, tried, physics))
            hazard = traffic * (pull / (1.0 + others + pull)).mean(axis=0)
            worth = price * (1 - physics.negotiation) + physics.back_gross - hold / np.maximum(hazard, 1e-4)
            better = worth > value
            best[better], value[better] = price[better], worth[better]
        return best, value

    def _price(self, group: Group, rooftop: int, day: int, customers: Customers, orders: Orders) -> dict[int, float]:
        cars = group.on_lot(rooftop, day)
        if not cars:
            return {}
        shown = _believed(group, cars, day)
        pull = np.exp(utilities(customers, shown, group.conditions.physics))
        best, value = self._best(group, rooftop, day, customers, shown, pull.sum(axis=1, keepdims=True) - pull)
        leaving = group.exit_values(shown.market, shown.quality)
        for car, price, worth, lane in zip(cars, best, value, leaving, strict=True):
            if worth < lane:
                orders.wholesale.append(car.serial)
            elif abs(price - car.price) > _WORTH_MOVING:
                orders.prices[car.serial] = float(price)
        return {car.serial: float(worth) for car, worth in zip(cars, value, strict=True)}

    def _move(
        self,
        group: Group,
        day: int,
        samples: dict[int, Customers],
        values: dict[int, dict[int, float]],
        orders: Orders,
    ) -> None:
        """Drive at most two cars to each store: those that gain most by it."""
        physics, gone = group.conditions.physics, set(orders.wholesale)
        for rooftop, customers in samples.items():
            there = _believed(group, group.on_lot(rooftop, day), day)
            others = np.exp(utilities(customers, there, physics)).sum(axis=1, keepdims=True)
            cars = [
                car
                for sister in samples
                if sister != rooftop
                for car in group.on_lot(sister, day)
                if car.serial not in gone and car.serial not in orders.transfers
            ]
            if not cars:
                continue
            best, value = self._best(group, rooftop, day, customers, _believed(group, cars, day), others)
            here = np.array([values[car.rooftop][car.serial] for car in cars])
            gain = value - here - physics.transport_cost
            for place in np.argsort(-gain)[:2]:
                if gain[place] > self.transfer_gain:
                    orders.prices.pop(cars[place].serial, None)
                    orders.transfers[cars[place].serial] = (rooftop, float(best[place]))

    def _buy(self, group: Group, rooftop: int, day: int, customers: Customers, orders: Orders) -> None:
        """Add configurations greedily by expected profit a day once they have landed."""
        physics, traffic = group.conditions.physics, _traffic(group, rooftop, day)
        leaving = set(orders.wholesale) | set(orders.transfers)
        cars = [car for car in group.owned(rooftop) if car.serial not in leaving]
        shown, pull, present = self._expected(group, cars, day, customers, traffic)
        typical = _typical(group, day)
        gain = physics.back_gross + typical.price * (1 - physics.negotiation)
        cost = typical.market * physics.lane_price * (1 + 2 * physics.lane_slope) + physics.lane_fee + _USUAL_RECON
        margin = gain - cost
        offer = np.exp(utilities(customers, typical, physics))
        own = margin[shown.configuration] if cars else np.zeros(0)
        total = 1.0 + (pull * present).sum(axis=1)
        earned = (pull * present * own).sum(axis=1)
        hold = self._holding(typical.market, group)
        wished = np.zeros(CONFIGURATIONS, dtype=np.int64)
        urgency = np.zeros(CONFIGURATIONS)
        for _ in range(_MOST_BUYS):
            with_it = (earned[:, None] + offer * margin) / (total[:, None] + offer)
            gains = traffic * (with_it - (earned / total)[:, None]).mean(axis=0) - hold
            best = int(gains.argmax())
            if gains[best] <= self.least_gain:
                break
            wished[best] += 1
            urgency[best] = max(urgency[best], gains[best])
            earned, total = earned + offer[:, best] * margin[best], total + offer[:, best]
        orders.wishes += [
            Wish(rooftop, model_of(int(each)), int(wished[each]), float(urgency[each]), int(each))
            for each in np.flatnonzero(wished)
        ]

    def _expected(
        self, group: Group, cars: list[Car], day: int, customers: Customers, traffic: float
    ) -> tuple[Offered, Floats, Floats]:
        """Give cars, their pull, and the chance that each is still there when a purchase of today lands."""
        physics = group.conditions.physics
        shown = _believed(group, cars, day)
        pull = np.exp(utilities(customers, shown, physics))
        hazard = traffic * (pull / (1.0 + pull.sum(axis=1, keepdims=True))).mean(axis=0)
        landing = physics.lead_days + REVIEW_DAYS / 2
        here_for = np.array([landing - max(0, car.ready_day - day) for car in cars])
        present: Floats = np.exp(-hazard * np.maximum(0.0, here_for))
        return shown, pull, present


def _evened(conditions: Conditions) -> Conditions:
    """Spread those who want a model over its configurations evenly."""
    rooftops = len(conditions.wants)
    models = conditions.wants.reshape(rooftops, -1, VARIANTS).mean(axis=2)
    return replace(conditions, wants=np.repeat(models, VARIANTS, axis=1))


def _believed(group: Group, cars: list[Car], day: int) -> Offered:
    """Put cars forward with the quality to expect of each: the longer one stands, the likelier it is a lemon.

    Bayes' rule over the two kinds of car, each leaving at its own pace.
    """
    physics = group.conditions.physics
    shown = offered(group, cars, day)
    slower = np.exp(physics.lemon_quality - physics.good_quality)
    good = (1 - physics.lemon_share) * np.exp(-_USUAL_PACE * shown.days)
    lemon = physics.lemon_share * np.exp(-_USUAL_PACE * slower * shown.days)
    pull = (good * np.exp(physics.good_quality) + lemon * np.exp(physics.lemon_quality)) / (good + lemon)
    return replace(shown, quality=np.log(pull) + physics.quality_spread**2 / 2)


def _traffic(group: Group, rooftop: int, day: int) -> float:
    """Give mean visitors a day over the review, in the mean of the week's whims as none can know those."""
    return float(group.conditions.traffic[max(0, day - 28) : day + 1, rooftop].mean())


def _typical(group: Group, day: int) -> Offered:
    """Describe an ordinary fresh car of each configuration at market price."""
    every = np.arange(CONFIGURATIONS)
    years = np.where(every % 2 == 1, 5.0, 2.0)
    value = group.conditions.market_value(every, 2024 + day // 365 - years, 19_000 * (years + 0.5), day)
    fresh = np.zeros(CONFIGURATIONS)
    return Offered(every, value * 1.0, value, fresh, fresh + 10.0, every)
