"""Replace what sold in the last 45 days: each configuration is kept at what it sold, store by store."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.closed_loop.catalogue import model_of
from bench.closed_loop.feed import sales
from bench.closed_loop.group import Orders, Wish
from bench.closed_loop.policies.age_rules import AgeRules, follow_calendar

if TYPE_CHECKING:
    from bench.closed_loop.group import Group


@dataclass(frozen=True, slots=True)
class ReplaceSold:
    """Buy back what went, in the configuration that went."""

    opening_to_market: float = 1.02
    rules: AgeRules = field(default_factory=AgeRules)
    window_days: int = 45
    name: str = "replace sold, 45 days"

    def review(self, group: Group, day: int) -> Orders:
        """Follow the calendar for prices, and buy until each configuration stands at its sales."""
        orders = Orders()
        follow_calendar(group, day, self.rules, orders)
        leaving = set(orders.wholesale)
        for rooftop in range(group.conditions.physics.rooftops):
            sold = Counter(car.configuration for car in sales(group, rooftop, day, self.window_days))
            stock = Counter(car.configuration for car in group.owned(rooftop) if car.serial not in leaving)
            orders.wishes += [
                Wish(rooftop, model_of(each), count - stock[each], (count - stock[each]) / count, each)
                for each, count in sorted(sold.items())
                if count > stock[each]
            ]
        return orders
