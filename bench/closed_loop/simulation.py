"""Days of the simulated group: reviews, purchases, customers and costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from bench.closed_loop.customers import Offered, choose, draw_customers, would_buy
from bench.closed_loop.lane import Lane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.closed_loop.group import Car, Group, Orders

REVIEW_DAYS = 7


class Policy(Protocol):
    """A way to run the group."""

    @property
    def name(self) -> str:
        """Name it as tables show it."""
        ...

    @property
    def opening_to_market(self) -> float:
        """Give the first price put on a car, over its appraised market value."""
        ...

    def review(self, group: Group, day: int) -> Orders:
        """Say what to do at the start of a day."""
        ...


def run(group: Group, policy: Policy, first_day: int, last_day: int) -> None:
    """Let a policy run the group from ``first_day``, a Monday, until the day before ``last_day``."""
    lane = Lane(group, first_day, [])
    for day in range(first_day, last_day):
        if (day - first_day) % REVIEW_DAYS == 0:
            orders = policy.review(group, day)
            _carry_out(group, orders, day)
            lane = Lane(group, day, orders.wishes)
        lane.trade(day, policy.opening_to_market)
        for rooftop in range(group.conditions.physics.rooftops):
            _serve(group, rooftop, day)
        group.accrue(day)


def _carry_out(group: Group, orders: Orders, day: int) -> None:
    for serial, price in orders.prices.items():
        group.reprice(group.cars[serial], price, day)
    for serial in orders.wholesale:
        group.wholesale(group.cars[serial], day)
    for serial, (rooftop, new_price) in orders.transfers.items():
        group.transfer(group.cars[serial], rooftop, day, new_price)


def _serve(group: Group, rooftop: int, day: int) -> None:
    """Let a day's customers choose; who wanted to buy but finds nothing goes unseen."""
    customers, cars = draw_customers(group.conditions, day, rooftop), group.on_lot(rooftop, day)
    if not len(customers):
        return
    wished = would_buy(customers)
    chosen = choose(customers, offered(group, cars, day), group.conditions.physics)
    for place in chosen:
        if place is not None:
            group.sell(cars[place], day)
    bought = np.array([place is not None for place in chosen])
    group.ledger.wanted[day] += wished.sum()
    group.ledger.served[day] += (wished & bought).sum()


def offered(group: Group, cars: Sequence[Car], day: int) -> Offered:
    """Put cars before customers as they see them, at their true market value."""
    return Offered(
        configuration=np.array([car.configuration for car in cars], dtype=np.int64),
        price=np.array([car.price for car in cars], dtype=np.float64),
        market=group.worth(list(cars), day),
        quality=np.array([car.quality for car in cars], dtype=np.float64),
        days=np.array([max(0, day - car.first_day) for car in cars], dtype=np.float64),
        serial=np.array([car.serial for car in cars], dtype=np.int64),
    )
