"""Day-by-day trading of one rooftop: units arrive, buyers choose among what stands there, the rest ages.

A buyer comes for a line and picks a unit of it, or less readily of another line of the same body, with
probability in proportion to its appeal, which falls with price-to-market; or leaves. Sales therefore depend
on stock, price and luck, lost sales go unseen, and days to sell have a heavy tail.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from doso.sample_group import demand, valuation
from doso.sample_group.stores import Line, Store, lines_of, stocking_factor
from doso.sample_group.vehicle import Unit, draw_vehicle

if TYPE_CHECKING:
    from collections.abc import Iterator

WARM_UP_DAYS = 160
_NEW_DAYS_SUPPLY, _USED_DAYS_SUPPLY = 53.0, 52.5
_STEADY_SHARE, _CATCH_UP_DAYS = 0.75, 14.0
_PRICE_SENSITIVITY, _APPEAL_SPREAD, _LEAVE, _SUBSTITUTION = 11.0, 0.35, 0.4, 0.14
_SPIFF_FROM, _SPIFF_TO, _SPIFF_STEP_DAYS = 20, 80, 3.0
_DISPOSAL_AGE, _DISPOSAL_AGE_RELUCTANT, _DISPOSAL_AGE_NEW = 66, 150, 200
_DISPOSAL_CHANCE = 0.2
_UNWIND_SHARE, _LAST_UNWIND_DAYS_AGO, _UNWOUND_DISPOSAL_DAYS = 0.006, 180, 40
_LEASE_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Sale:
    """One deal as the DMS records it, whole USD; ``purchase_type`` is Retail, Lease, Wholesale or Unwound."""

    unit: Unit
    sale_date: date
    list_price: int
    sale_price: int
    back_gross: int
    purchase_type: str

    @property
    def front_gross(self) -> int:
        """Sale price less cost and reconditioning."""
        return self.sale_price - self.unit.cost - self.unit.recon_cost


@dataclass(slots=True)
class _Lot:
    store: Store
    lines: tuple[Line, ...]
    rng: np.random.Generator
    serials: Iterator[int]
    stock: list[list[Unit]]
    alike: tuple[tuple[int, ...], ...]
    sales: list[Sale] = field(default_factory=list)
    returning: list[tuple[date, int, Unit]] = field(default_factory=list)
    unwound: dict[str, date] = field(default_factory=dict)
    stocked: int = 1000


def trade(
    store: Store, as_of: date, rng: np.random.Generator, serials: Iterator[int]
) -> tuple[list[Sale], list[Unit]]:
    """Trade a rooftop up to the day before ``as_of``; return two years of sales and the stock then left."""
    lines = lines_of(store)
    kinds = [(line.new, line.model.body) for line in lines]
    alike = tuple(tuple(number for number, other in enumerate(kinds) if other == kind) for kind in kinds)
    lot = _Lot(store, lines, rng, serials, [[] for _ in lines], alike)
    days = demand.calendar(as_of, demand.HISTORY_DAYS + WARM_UP_DAYS)
    planned = demand.planned(store, lines, days)
    buyers = rng.poisson(planned * demand.weekly(days)[:, None])
    supplied = np.stack([demand.supplied(line, len(days)) for line in lines], axis=1)
    for number, day in enumerate(days):
        _take_back(lot, day)
        _receive(lot, day, planned[number], supplied[number])
        for line in np.flatnonzero(buyers[number]).tolist():
            for _ in range(buyers[number, line]):
                _serve(lot, line, day, as_of)
        if day.weekday() == 0:
            _dispose(lot, day)
    first_sale = as_of - timedelta(days=demand.HISTORY_DAYS)
    stock = sorted((unit for units in lot.stock for unit in units), key=lambda unit: unit.stock_number)
    return [sale for sale in lot.sales if sale.sale_date >= first_sale], stock


def _receive(lot: _Lot, day: date, planned: np.ndarray, supplied: np.ndarray) -> None:
    if demand.WEEKDAYS[day.weekday()] == 0.0:
        return
    days_supply = np.array([_NEW_DAYS_SUPPLY if line.new else _USED_DAYS_SUPPLY for line in lot.lines])
    factor = np.array([stocking_factor(lot.store, line) for line in lot.lines])
    on_hand = np.array([len(units) for units in lot.stock])
    target = planned * days_supply * factor
    rate = _STEADY_SHARE * planned * np.minimum(factor, 1.0) + (target - on_hand) / _CATCH_UP_DAYS
    arrivals = lot.rng.poisson(np.where(supplied, np.maximum(rate, 0.0), 0.0))
    for number in np.flatnonzero(arrivals).tolist():
        lot.stock[number].extend(_stock_in(lot, lot.lines[number], day) for _ in range(arrivals[number]))


def _take_back(lot: _Lot, day: date) -> None:
    for due, number, unit in [entry for entry in lot.returning if entry[0] <= day]:
        lot.stock[number].append(unit)
        lot.unwound[unit.stock_number] = due
        lot.returning.remove((due, number, unit))


def _stock_in(lot: _Lot, line: Line, day: date) -> Unit:
    rng = lot.rng
    vehicle = draw_vehicle(line.model, None if line.new else lot.store.used, day, rng, lot.serials)
    value = vehicle.market_value
    cost, recon_cost = valuation.draw_costs(value, vehicle.msrp, rng, condition=vehicle.condition)
    lot.stocked += 1
    return Unit(
        vehicle=vehicle,
        stock_number=f"{lot.store.code}{'N' if line.new else 'P'}{lot.stocked:05d}",
        stock_date=day,
        recon_days=int(rng.integers(0, 3)) if line.new else int(rng.integers(3, 10)),
        cost=cost,
        recon_cost=recon_cost,
        offer=valuation.draw_offer(value, rng, new=line.new),
        appeal=float(rng.lognormal(0.0, _APPEAL_SPREAD)),
    )


def _serve(lot: _Lot, wanted: int, day: date, as_of: date) -> None:
    choices = [
        (number, unit, _liking(unit, day) * (1.0 if number == wanted else _SUBSTITUTION))
        for number in lot.alike[wanted]
        for unit in lot.stock[number]
    ]
    draw = lot.rng.random() * (sum(liking for _, _, liking in choices) + _LEAVE)
    for number, unit, liking in choices:
        draw -= liking
        if draw < 0.0:
            lot.stock[number].remove(unit)
            _sell(lot, number, unit, day, (as_of - day).days)
            return


def _liking(unit: Unit, day: date) -> float:
    age = unit.age(day)
    if age < unit.recon_days:
        return 0.0
    value = valuation.value_at(unit.vehicle.market_value, age, new=unit.vehicle.new)
    price_to_market = unit.offer.price(age) / value
    # Sales staff earn a spiff on units that have stood, so they show those first.
    spiff = 0.0 if unit.offer.reluctant else max(0, min(age, _SPIFF_TO) - _SPIFF_FROM) / _SPIFF_STEP_DAYS
    return unit.appeal * (1.0 + spiff) * math.exp(-_PRICE_SENSITIVITY * (price_to_market - 1.0))


def _sell(lot: _Lot, number: int, unit: Unit, day: date, days_ago: int) -> None:
    rng, age, new = lot.rng, unit.age(day), unit.vehicle.new
    purchase_type = "Lease" if new and rng.random() < _LEASE_SHARE else "Retail"
    # None close to the as-of date: an unwound unit must have left for good before the stock is counted.
    unwinds = days_ago > _LAST_UNWIND_DAYS_AGO and unit.stock_number not in lot.unwound
    if unwinds and rng.random() < _UNWIND_SHARE:
        purchase_type = "Unwound"
        lot.returning.append((day + timedelta(days=int(rng.integers(2, 9))), number, unit))
    asked = unit.offer.price(age)
    price = valuation.draw_sale_price(asked, age, rng, new=new)
    lot.sales.append(Sale(unit, day, asked, price, valuation.draw_back_gross(rng, new=new), purchase_type))


def _dispose(lot: _Lot, day: date) -> None:
    for units in lot.stock:
        for unit in [unit for unit in units if _goes_to_auction(lot, unit, day)]:
            units.remove(unit)
            age = unit.age(day)
            value = valuation.value_at(unit.vehicle.market_value, age, new=unit.vehicle.new)
            price = valuation.draw_wholesale_price(value, lot.rng)
            lot.sales.append(Sale(unit, day, unit.offer.price(age), price, 0, "Wholesale"))


def _goes_to_auction(lot: _Lot, unit: Unit, day: date) -> bool:
    returned = lot.unwound.get(unit.stock_number)
    if returned is not None and (day - returned).days > _UNWOUND_DISPOSAL_DAYS:
        return True
    limit = _DISPOSAL_AGE_RELUCTANT if unit.offer.reluctant else _DISPOSAL_AGE
    if unit.vehicle.new:
        limit = _DISPOSAL_AGE_NEW
    return unit.age(day) > limit and lot.rng.random() < _DISPOSAL_CHANCE
