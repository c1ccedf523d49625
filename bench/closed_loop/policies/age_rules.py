"""The calendar rule of the trade: review at 30 days, cut at 45, decide at 60, and out at a stated age."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.closed_loop.feed import appraised

if TYPE_CHECKING:
    from bench.closed_loop.group import Group, Orders

_WORTH_MOVING = 0.005


@dataclass(frozen=True, slots=True)
class AgeRules:
    """Highest price over appraised market value by age in days, and the age at which a car goes to the lane."""

    steps: tuple[tuple[int, float], ...] = ((60, 0.94), (45, 0.97), (30, 1.00))
    out_at: int = 90


def follow_calendar(group: Group, day: int, rules: AgeRules, orders: Orders) -> None:
    """Add to ``orders`` what the calendar asks for; a price is only ever cut."""
    for rooftop in range(group.conditions.physics.rooftops):
        cars = group.on_lot(rooftop, day)
        for car, value in zip(cars, appraised(group, cars, day), strict=True):
            age = day - car.first_day
            if age >= rules.out_at:
                orders.wholesale.append(car.serial)
                continue
            to_market = next((most for least_age, most in rules.steps if age >= least_age), None)
            if to_market is not None and car.price > value * (to_market + _WORTH_MOVING):
                orders.prices[car.serial] = round(float(value) * to_market / 50) * 50 - 10.0
