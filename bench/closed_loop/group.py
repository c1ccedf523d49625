"""The dealer group: its cars, its money and what is done with both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bench.closed_loop.catalogue import SEGMENTS, model_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.closed_loop.catalogue import Floats
    from bench.closed_loop.conditions import Conditions


_LANE_SEES = 0.03
"""Share of its value that the lane takes off a poor car for each unit of quality below the ordinary."""


@dataclass(slots=True, kw_only=True)
class Car:
    """One vehicle of the group; ``quality`` and ``equipment`` show in no feed. Days of the simulation, USD."""

    serial: int
    rooftop: int
    configuration: int
    year: float
    km: float
    equipment: float
    quality: float
    appraisal_error: float
    cost: float
    recon: float
    bought_day: int
    ready_day: int
    """The day on which it stands (or will stand) for sale at its rooftop."""
    first_day: int
    """The same at the first rooftop of the group: a transfer does not move it."""
    price: float = 0.0
    first_price: float = 0.0
    """The manager's own, before anything was cut or raised."""
    priced_day: int = 0
    prices: list[tuple[int, float]] = field(default_factory=list)
    """Every price it stood at, with the day it was put on."""
    left_day: int | None = None
    sold: bool = False
    proceeds: float = 0.0

    @property
    def model(self) -> int:
        """Give the index of its model."""
        return model_of(self.configuration)

    @property
    def segment(self) -> str:
        """Give the key of its segment."""
        return SEGMENTS[self.model]

    @property
    def invested(self) -> float:
        """Give its cost with reconditioning."""
        return self.cost + self.recon


@dataclass(frozen=True, slots=True)
class Visit:
    """A car's time for sale at one rooftop, both days included."""

    rooftop: int
    segment: str
    stocked: int
    left: int
    sold: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """Cars that a policy wants bought; without a configuration the buyer picks one of the model."""

    rooftop: int
    model: int
    quantity: int
    urgency: float
    configuration: int | None = None


@dataclass(slots=True)
class Orders:
    """What a policy wants done: prices and destinations by serial number."""

    prices: dict[int, float] = field(default_factory=dict)
    wholesale: list[int] = field(default_factory=list)
    transfers: dict[int, tuple[int, float | None]] = field(default_factory=dict)
    wishes: list[Wish] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Ledger:
    """Money by day, each of shape (days,), and what was counted."""

    front: Floats
    back: Floats
    holding: Floats
    transport: Floats
    wholesale: Floats
    sold: Floats
    wanted: Floats
    served: Floats
    standing: Floats
    over_60: Floats

    @classmethod
    def blank(cls, days: int) -> Ledger:
        """Open the books."""
        return cls(*(np.zeros(days) for _ in range(10)))

    @property
    def profit(self) -> Floats:
        """Give the net profit of each day: gross less holding and transport, plus the (negative) lane's."""
        return self.front + self.back + self.wholesale - self.holding - self.transport


@dataclass(slots=True, eq=False)
class Group:
    """All rooftops of the tenant and everything they own."""

    conditions: Conditions
    ledger: Ledger
    cars: dict[int, Car] = field(default_factory=dict)
    gone: list[Car] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    serial: int = 0

    def on_lot(self, rooftop: int, day: int) -> list[Car]:
        """List the cars for sale at a rooftop."""
        return [car for car in self.cars.values() if car.rooftop == rooftop and car.ready_day <= day]

    def owned(self, rooftop: int) -> Iterator[Car]:
        """Give all cars of a rooftop, those on the way included."""
        return (car for car in self.cars.values() if car.rooftop == rooftop)

    def worth(self, cars: list[Car], day: int) -> Floats:
        """Give the true retail market value of cars on a day, equipment included."""
        columns = np.array([(car.configuration, car.year, car.km, car.equipment) for car in cars]).reshape(-1, 4)
        value: Floats = self.conditions.market_value(columns[:, 0], columns[:, 1], columns[:, 2], day)
        value *= np.exp(columns[:, 3])
        return value

    def sell(self, car: Car, day: int) -> None:
        """Retail a car at its price less the usual discount."""
        physics = self.conditions.physics
        car.proceeds = car.price * (1 - physics.negotiation)
        self.ledger.front[day] += car.proceeds - car.invested
        self.ledger.back[day] += physics.back_gross
        self.ledger.sold[day] += 1
        self._leave(car, day, sold=True)

    def wholesale(self, car: Car, day: int) -> None:
        """Send a car to the lane, where it brings what that day's bidders give."""
        rng = np.random.default_rng([self.conditions.seed, 6, day, car.configuration])
        luck = rng.normal(0, self.conditions.physics.wholesale_spread)
        car.proceeds = self.exit_value(car, day) * float(np.exp(luck))
        self.ledger.wholesale[day] += car.proceeds - car.invested
        self._leave(car, day, sold=False)

    def exit_value(self, car: Car, day: int) -> float:
        """Give what the lane is expected to bring, after its fee; a poor car is worth less to dealers too."""
        return float(self.exit_values(self.worth([car], day), np.array([car.quality]))[0])

    def exit_values(self, worth: Floats, quality: Floats) -> Floats:
        """Give the same for cars of a market value and a quality, both of shape (n,)."""
        physics = self.conditions.physics
        shown = 1.0 + _LANE_SEES * np.minimum(0.0, quality)
        value: Floats = worth * physics.wholesale_price * shown - physics.wholesale_fee
        return value

    def transfer(self, car: Car, rooftop: int, day: int, price: float | None) -> None:
        """Drive a car to a sister store."""
        physics = self.conditions.physics
        self.visits.append(Visit(car.rooftop, car.segment, car.ready_day, day, sold=False))
        self.ledger.transport[day] += physics.transport_cost
        car.rooftop, car.ready_day = rooftop, day + physics.transport_days
        if price is not None:
            self.reprice(car, price, day)

    def reprice(self, car: Car, price: float, day: int) -> None:
        """Put a new price on a car."""
        car.price, car.priced_day = price, day
        car.prices.append((day, price))
        car.first_price = car.first_price or price

    def accrue(self, day: int) -> None:
        """Charge a day's interest and overhead for every car owned, and count what stands for sale."""
        physics = self.conditions.physics
        for car in self.cars.values():
            self.ledger.holding[day] += car.invested * physics.floorplan_apr / 365 + physics.overhead_per_day
            if car.ready_day <= day:
                self.ledger.standing[day] += 1
                self.ledger.over_60[day] += day - car.first_day > 60

    def _leave(self, car: Car, day: int, *, sold: bool) -> None:
        car.left_day, car.sold = day, sold
        self.visits.append(Visit(car.rooftop, car.segment, car.ready_day, day, sold=sold))
        self.gone.append(self.cars.pop(car.serial))
