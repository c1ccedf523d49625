"""Who comes, what they want, and which car they choose: a choice model with tastes of each customer's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from bench.closed_loop.catalogue import CONFIGURATIONS, distances

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.closed_loop.catalogue import Floats
    from bench.closed_loop.conditions import Conditions
    from bench.closed_loop.physics import Physics

_WHIMS: Final = 61
"""Independent whims of a customer; two cars whose serial numbers are this far apart share one."""
_DISTANCES: Final = distances()


@dataclass(frozen=True, slots=True, eq=False)
class Customers:
    """Visitors as columns; ``whims`` has shape (visitors, whims), the rest (visitors,)."""

    wanted: NDArray[np.int64]
    appeal: Floats
    sensitivity: Floats
    stickiness: Floats
    budget: Floats
    elsewhere: Floats
    whims: Floats

    def __len__(self) -> int:
        """Count them."""
        return len(self.wanted)


@dataclass(frozen=True, slots=True, eq=False)
class Offered:
    """Cars that a visitor may choose from, as columns: USD, utility, days and serial numbers."""

    configuration: NDArray[np.int64]
    price: Floats
    market: Floats
    quality: Floats
    days: Floats
    serial: NDArray[np.int64]


def draw_customers(conditions: Conditions, day: int, rooftop: int) -> Customers:
    """Draw those who come on a day; the same whatever the store has done."""
    rng = np.random.default_rng([conditions.seed, 2, rooftop, day])
    return _draw(conditions, day, rooftop, int(rng.poisson(conditions.traffic[day, rooftop])), rng)


def typical_customers(conditions: Conditions, day: int, rooftop: int, count: int) -> Customers:
    """Draw ``count`` from the tastes of a day: what only an oracle can ask."""
    rng = np.random.default_rng([conditions.seed, 3, rooftop, day])
    return _draw(conditions, day, rooftop, count, rng)


def _draw(conditions: Conditions, day: int, rooftop: int, count: int, rng: np.random.Generator) -> Customers:
    physics = conditions.physics
    wanted = rng.choice(CONFIGURATIONS, count, p=conditions.shares(day, rooftop))
    older = wanted % 2
    years = np.where(older == 1, 5.0, 2.0)
    typical_year = 2024 + day // 365 - years
    worth = conditions.market_value(wanted, typical_year, 19_000 * (years + 0.5), day)
    return Customers(
        wanted=wanted,
        appeal=rng.normal(physics.appeal, physics.appeal_spread, count),
        sensitivity=physics.price_sensitivity * rng.lognormal(0, physics.price_sensitivity_spread, count),
        stickiness=rng.lognormal(0, physics.stickiness_spread, count),
        budget=worth * np.exp(rng.normal(physics.budget_over_wanted, physics.budget_spread, count)),
        elsewhere=rng.gumbel(0, 1, count),
        whims=rng.gumbel(0, 1, (count, _WHIMS)),
    )


def utilities(customers: Customers, cars: Offered, physics: Physics) -> Floats:
    """Give each visitor's liking of each car but for whim, shape (visitors, cars); -inf beyond the budget."""
    over_market = cars.price / cars.market - 1.0
    stale = physics.staleness * np.minimum(cars.days, 120.0) / 60.0
    liking: Floats = (
        customers.appeal[:, None]
        - customers.stickiness[:, None] * _DISTANCES[customers.wanted][:, cars.configuration]
        - customers.sensitivity[:, None] * over_market[None, :]
        + (cars.quality - stale)[None, :]
    )
    liking[cars.price[None, :] > customers.budget[:, None]] = -np.inf
    return liking


def choose(customers: Customers, cars: Offered, physics: Physics) -> list[int | None]:
    """Let them come one after another; gives each one's place in ``cars``, None for who buys elsewhere.

    A car that is sold is gone for those who come later.
    """
    liking = utilities(customers, cars, physics) + customers.whims[:, cars.serial % (_WHIMS - 1)]
    chosen: list[int | None] = []
    for visitor in range(len(customers)):
        best = int(liking[visitor].argmax()) if cars.price.size else -1
        if best >= 0 and liking[visitor, best] > customers.elsewhere[visitor]:
            chosen.append(best)
            liking[:, best] = -np.inf
        else:
            chosen.append(None)
    return chosen


def would_buy(customers: Customers) -> NDArray[np.bool_]:
    """Tell who would have bought the car they wanted, had an ordinary fresh one stood there at market price."""
    wished: NDArray[np.bool_] = customers.appeal + customers.whims[:, _WHIMS - 1] > customers.elsewhere
    return wished
