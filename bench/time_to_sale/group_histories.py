"""Histories of the generated dealer group's units, whose days to sell obey the generator and not the model.

Market price is the generator's own value of a unit, as a perfect price model would give it. Demand is what the
rooftop sold of the segment in the 90 days before, a day; a wholesale ends a life unsold.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from datetime import date, timedelta

import numpy as np

from bench.time_to_sale.histories import History, State
from doso.sample_group import stores, valuation
from doso.sample_group.trading import Sale, trade
from doso.sample_group.vehicle import Unit

_DEMAND_DAYS = 90
_REVIEWS = (7, 14, 21, 30, 45, 60, 75, 90, 120)
"""Ages at which demand and stock are looked up anew, beside each move of the price."""


class _Shelves:
    """When units of each model came to a rooftop and left it."""

    def __init__(self) -> None:
        self.came: defaultdict[tuple[str, bool], list[int]] = defaultdict(list)
        self.left: defaultdict[tuple[str, bool], list[int]] = defaultdict(list)
        self.sold: defaultdict[tuple[str, bool], list[int]] = defaultdict(list)

    def close(self) -> None:
        for days in (self.came, self.left, self.sold):
            for each in days.values():
                each.sort()

    def on_hand(self, key: tuple[str, bool], day: date) -> int:
        at = day.toordinal()
        return max(1, bisect_right(self.came[key], at) - bisect_left(self.left[key], at))

    def demand_per_day(self, key: tuple[str, bool], day: date) -> float:
        at = day.toordinal()
        sold = bisect_left(self.sold[key], at) - bisect_left(self.sold[key], at - _DEMAND_DAYS)
        return (sold + 0.5) / _DEMAND_DAYS


def group_histories(seed: int, as_of: date) -> list[History]:
    """Trade the group's three rooftops up to ``as_of`` and give every unit that came in the last 400 days."""
    rng = np.random.default_rng([seed, as_of.toordinal()])
    serials = iter((rng.permutation(900_000) + 100_000).tolist())
    found = []
    for store in stores.STORES:
        sales, stock = trade(store, as_of, rng, serials)
        found += _store_histories(sales, stock, as_of)
    return found


def _store_histories(sales: list[Sale], stock: list[Unit], as_of: date) -> list[History]:
    shelves, lives = _Shelves(), []
    unwound = {sale.unit.stock_number for sale in sales if sale.purchase_type == "Unwound"}
    ends = [(sale.unit, sale.sale_date, sale.purchase_type in {"Retail", "Lease"}) for sale in sales]
    ends += [(unit, as_of, False) for unit in stock]
    for unit, ended, sold in ends:
        if unit.stock_number in unwound:
            continue
        key, came = (unit.vehicle.model.name, unit.vehicle.new), unit.stock_date
        shelves.came[key].append(came.toordinal())
        shelves.left[key].append(ended.toordinal())
        if sold:
            shelves.sold[key].append(ended.toordinal())
        if came > as_of - timedelta(days=400):
            lives.append((unit, max(ended, came + timedelta(days=1)), sold))
    shelves.close()
    return [_history(unit, ended, shelves, sold=sold) for unit, ended, sold in lives]


def _history(unit: Unit, ended: date, shelves: _Shelves, *, sold: bool) -> History:
    key, new = (unit.vehicle.model.name, unit.vehicle.new), unit.vehicle.new

    def state(day: date) -> State:
        age = unit.age(day)
        return State(
            price=unit.offer.price(age),
            market_price=valuation.value_at(unit.vehicle.market_value, age, new=new),
            demand_per_day=shelves.demand_per_day(key, day),
            on_hand=shelves.on_hand(key, day),
        )

    moves = {day for day, _ in unit.offer.markdowns} | set(_REVIEWS)
    changed = tuple(unit.stock_date + timedelta(days=day) for day in sorted(moves))
    return History(new, unit.stock_date, ended, sold, changed, state)
