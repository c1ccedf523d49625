"""A fixed days' supply of each segment: stock follows the sales rate, and sisters help out at 45 days."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.closed_loop.catalogue import MODELS
from bench.closed_loop.feed import sales
from bench.closed_loop.group import Orders, Wish
from bench.closed_loop.policies.age_rules import AgeRules, follow_calendar

if TYPE_CHECKING:
    from bench.closed_loop.group import Group

_TRANSFER_AGE = 45


@dataclass(frozen=True, slots=True)
class DaysSupply:
    """Keep ``days`` of supply at the rate of the last ``window_days``."""

    days: float = 45.0
    window_days: int = 90
    opening_to_market: float = 1.02
    rules: AgeRules = field(default_factory=AgeRules)
    name: str = "fixed days' supply"

    def review(self, group: Group, day: int) -> Orders:
        """Follow the calendar for prices, send old surplus to a sister that is short, and buy the rest."""
        orders = Orders()
        follow_calendar(group, day, self.rules, orders)
        gone = set(orders.wholesale)
        rooftops = range(group.conditions.physics.rooftops)
        targets = {rooftop: self._targets(group, rooftop, day) for rooftop in rooftops}
        stock = {
            rooftop: Counter(car.model for car in group.owned(rooftop) if car.serial not in gone)
            for rooftop in rooftops
        }
        for rooftop in rooftops:
            for car in group.on_lot(rooftop, day):
                surplus = stock[rooftop][car.model] - targets[rooftop][car.model]
                if car.serial in gone or day - car.first_day < _TRANSFER_AGE or surplus < 1:
                    continue
                short = {each: targets[each][car.model] - stock[each][car.model] for each in rooftops}
                sister = max(short, key=lambda each: short[each])
                if short[sister] >= 1:
                    orders.transfers[car.serial] = (sister, orders.prices.pop(car.serial, None))
                    stock[rooftop][car.model] -= 1
                    stock[sister][car.model] += 1
        for rooftop in rooftops:
            for model in range(len(MODELS)):
                target, held = targets[rooftop][model], stock[rooftop][model]
                if target > held:
                    orders.wishes.append(Wish(rooftop, model, target - held, (target - held) / target))
        return orders

    def _targets(self, group: Group, rooftop: int, day: int) -> dict[int, int]:
        sold = Counter(car.model for car in sales(group, rooftop, day, self.window_days))
        return {model: round(sold[model] / self.window_days * self.days) for model in range(len(MODELS))}
