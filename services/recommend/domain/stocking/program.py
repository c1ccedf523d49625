"""The stocking program: what every rooftop buys and what sister stores send each other, chosen together.

    maximise   sum of the nets of units bought and of units that arrive, less what units that leave were
               worth and what sending them costs
    subject to every limit (floorplan line, places, allocation, brands, segments, days' supply), the least
               that rules want on each shelf, and as many arriving as are sent

A further unit of a shelf is never worth more than the one before, so each unit is a variable of its own
between 0 and 1 and the objective is the piecewise linear form of a concave function. Arrivals and purchases
share a shelf's places in line: a car from a sister store takes the place of one that would have been bought.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.recommend.domain.stocking.limits import LimitKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.recommend.domain.lookup import Shelf
    from services.recommend.domain.stocking.limits import Limit

_TOLERANCE = 2e-6
"""Solvers take a sum for kept that is over by a millionth; of money, where that is whole dollars, as much is left."""

Way = tuple[str, str, str]
"""Giving dealer, receiving dealer, segment."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What one shelf could do: expected nets of the 1st, 2nd, ... unit, in its currency.

    ``purchases`` and ``arrivals`` are what a unit in that place in line brings, ``releases`` what each
    further unit that leaves would have brought; ``least`` is how many have to come by rule.
    """

    shelf: Shelf
    purchases: tuple[float, ...] = ()
    arrivals: tuple[float, ...] = ()
    releases: tuple[float, ...] = ()
    least: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Quantities by shelf and by way; ``missing`` is by how many units the least on a shelf is not met.

    ``worth`` is what one more unit of a limit's room would bring (its dual in the linear relaxation), by the
    limit's place in the list given; ``method`` says how the quantities were found.
    """

    bought: Mapping[Shelf, int]
    moved: Mapping[Way, int] = field(default_factory=dict)
    missing: Mapping[Shelf, int] = field(default_factory=dict)
    worth: Mapping[int, float] = field(default_factory=dict)
    method: str = "every unit worth buying: no limit is near"


@dataclass(frozen=True, slots=True)
class Row:
    """A linear constraint over variables by their number: ``low <= sum <= high``; infinite where open."""

    terms: Mapping[int, float]
    low: float
    high: float
    limit: int | None = None


@dataclass(slots=True)
class Model:
    """The program as variables between 0 and their upper bound, with integral values, and rows."""

    gains: list[float] = field(default_factory=list)
    bounds: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    purchases: dict[Shelf, list[int]] = field(default_factory=dict)
    arrivals: dict[Shelf, list[int]] = field(default_factory=dict)
    releases: dict[Shelf, list[int]] = field(default_factory=dict)
    ways: dict[Way, int] = field(default_factory=dict)
    missing: dict[Shelf, int] = field(default_factory=dict)

    def variable(self, gain: float, bound: int = 1) -> int:
        """Add a variable; gives its number."""
        self.gains.append(gain)
        self.bounds.append(bound)
        return len(self.gains) - 1


def build(wishes: list[Wish], ways: Mapping[Way, float], limits: list[Limit], *, elastic: bool = False) -> Model:
    """Write the program; ``elastic`` lets the least on a shelf be missed, at more than anything could bring."""
    model = Model()
    penalty = 10.0 * max((abs(value) for wish in wishes for value in wish.purchases), default=1.0) + 1_000_000.0
    infinite = float("inf")
    for wish in wishes:
        bought = model.purchases[wish.shelf] = [model.variable(value) for value in wish.purchases]
        come = model.arrivals[wish.shelf] = [model.variable(value) for value in wish.arrivals]
        model.releases[wish.shelf] = [model.variable(-value) for value in wish.releases]
        for first, second in zip(bought, come, strict=False):
            model.rows.append(Row({first: 1.0, second: 1.0}, 0.0, 1.0))
        if wish.least > 0:
            terms = dict.fromkeys((*bought, *come), 1.0)
            if elastic:
                model.missing[wish.shelf] = model.variable(-penalty, wish.least)
                terms[model.missing[wish.shelf]] = 1.0
            model.rows.append(Row(terms, float(wish.least), infinite))
    _flows(model, ways)
    for number, limit in enumerate(limits):
        row = _limited(model, limit, number)
        if row is not None:
            model.rows.append(row)
    return model


def _flows(model: Model, ways: Mapping[Way, float]) -> None:
    """Add the ways between shelves: as many arrive at a shelf, and leave one, as are sent."""
    coming: dict[Shelf, list[int]] = {}
    going: dict[Shelf, list[int]] = {}
    for way, cost in ways.items():
        giver, receiver, segment = way
        most = min(len(model.releases[giver, segment]), len(model.arrivals[receiver, segment]))
        model.ways[way] = model.variable(-cost, most)
        going.setdefault((giver, segment), []).append(model.ways[way])
        coming.setdefault((receiver, segment), []).append(model.ways[way])
    for units, flows in ((model.arrivals, coming), (model.releases, going)):
        for shelf, own in units.items():
            if own:
                sent = dict.fromkeys(flows.get(shelf, ()), -1.0)
                model.rows.append(Row(dict.fromkeys(own, 1.0) | sent, 0.0, 0.0))


def _limited(model: Model, limit: Limit, number: int) -> Row | None:
    """Write a limit as a row; nothing where it cannot be reached whatever is done."""
    terms: dict[int, float] = {}
    for segment, weight in limit.weights.items():
        shelf = (limit.dealer_id, segment)
        coming = [*model.purchases.get(shelf, ())]
        if not limit.orders_only:
            coming += model.arrivals.get(shelf, ())
            if limit.room > 0:
                terms |= dict.fromkeys(model.releases.get(shelf, ()), -weight)
        terms |= dict.fromkeys(coming, weight)
    room = max(0.0, limit.room) * (1 - _TOLERANCE if limit.kind is LimitKind.FLOORPLAN else 1)
    if sum(weight for weight in terms.values() if weight > 0) <= room:
        return None
    return Row(terms, float("-inf"), room, number)
