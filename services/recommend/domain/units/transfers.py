"""Which actual units go to which sister store, within what the stocking program wants to move.

Moves are paired in rounds. In each, every unit of a shelf that is to send is valued at every store that is to
receive, given how many stand at both by then; the best move of each giving and each receiving shelf is made,
and the counts change. So the second car sent to a store is judged knowing of the first.

A move is worth what it changes for the whole group, not for the one car:

- the car itself, there instead of here;
- those who stay here, who have fewer beside them to share customers with;
- those who stand there, who have one more: a car's share of a shelf's customers is partly its neighbours'
  customers, and counting them as gained would count them twice;
- the store there, where it would have bought a car for the same customer: the value of that purchase is
  forgone, as it is not made.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.actions import Action
from services.recommend.domain.stocking.purchases import purchase_values
from services.recommend.domain.units.appraisal import appraise
from services.recommend.domain.units.courses import Choices, Course, Effects
from services.recommend.domain.units.price_range import PriceRange, grid, price_range
from services.recommend.domain.value import evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from services.recommend.domain.book import Unit
    from services.recommend.domain.lookup import Lookup, Shelf
    from services.recommend.domain.stocking.position import Position
    from services.recommend.domain.stocking.program import Way
    from services.recommend.domain.units.appraisal import Appraisal

_TRANSFER_PRICES = 9


@dataclass(frozen=True, slots=True)
class Moves:
    """The transfers made and the best weighed, by vehicle key, and the counts they leave."""

    made: dict[str, Course]
    weighed: dict[str, Course]
    arriving: Counter[Shelf]
    leaving: Counter[Shelf]
    sent: Counter[Way]


@dataclass(frozen=True, slots=True)
class _Key:
    """A unit, a store to send it to, and how many have left its shelf and come to the other by then."""

    unit: Unit
    receiver: str
    gone: int
    coming: int


@dataclass(frozen=True, slots=True)
class _Group:
    """What stays the same from round to round."""

    lookup: Lookup
    weighed: Mapping[str, Choices]
    positions: Mapping[Shelf, Position]
    wanted: Mapping[Way, int]
    as_of: date


def plan_transfers(
    lookup: Lookup,
    weighed: Mapping[str, Choices],
    positions: Mapping[Shelf, Position],
    wanted: Mapping[Way, int],
    as_of: date,
) -> Moves:
    """Pair the moves that the program wants with units.

    A move has to beat doing nothing by the margin, and whatever else can be done at home at all; a move that no
    unit bears out is not made.
    """
    moves = Moves({}, {}, Counter(), Counter(), Counter())
    group = _Group(lookup, weighed, positions, wanted, as_of)
    sending = {(giver, segment) for giver, _, segment in wanted}
    waiting = [
        unit
        for unit in lookup.in_stock
        if (unit.dealer_id, unit.segment) in sending
        and unit.vehicle_key in weighed
        and weighed[unit.vehicle_key].ruled_out is None
        and unit.quantity == 1
    ]
    valued: dict[_Key, Course] = {}
    for _ in range(sum(wanted.values())):
        keys = _candidates(group, waiting, moves)
        valued |= _valued(group, [key for key in keys if key not in valued])
        courses = [valued[key] for key in keys if key in valued]
        for course in courses:
            known = moves.weighed.get(course.appraisal.unit.vehicle_key)
            if known is None or course.worth > known.worth:
                moves.weighed[course.appraisal.unit.vehicle_key] = course
        if not _make(courses, weighed, moves):
            break
        waiting = [unit for unit in waiting if unit.vehicle_key not in moves.made]
    return moves


def _candidates(group: _Group, waiting: Sequence[Unit], moves: Moves) -> list[_Key]:
    """List every unit that may go with every store that is still to receive one from its shelf."""
    open_ways: dict[Shelf, list[str]] = {}
    for way, count in sorted(group.wanted.items()):
        if moves.sent[way] < count:
            open_ways.setdefault((way[0], way[2]), []).append(way[1])
    return [
        _Key(unit, receiver, moves.leaving[unit.dealer_id, unit.segment], moves.arriving[receiver, unit.segment])
        for unit in waiting
        for receiver in open_ways.get((unit.dealer_id, unit.segment), ())
    ]


def _valued(group: _Group, keys: Sequence[_Key]) -> dict[_Key, Course]:
    """Value each candidate at its best price at the receiving store, and what it changes for others."""
    found = []
    for key in keys:
        there = appraise(group.lookup, key.unit, key.receiver, group.as_of, change=key.coming + 1)
        # Without a market price on either side the stores' prices cannot be told apart.
        comparable = group.weighed[key.unit.vehicle_key].keep.appraisal.comparable
        if there is not None and there.comparable == comparable:
            found.append((key, there))
    if not found:
        return {}
    candidates = [there for _, there in found]
    grids = np.stack([_prices(appraisal) for appraisal in candidates])
    usable = ~np.isnan(grids)
    fallback = np.array([appraisal.price for appraisal in candidates])[:, None]
    valued = evaluate([appraisal.setting for appraisal in candidates], np.where(usable, grids, fallback))
    nets = np.where(usable, valued.net, -np.inf)
    best = nets.argmax(axis=1)
    effects = _effects(group, [key for key, _ in found])
    return {
        key: Course(
            Action.TRANSFER,
            appraisal,
            float(nets[row, at]),
            float(grids[row, at]),
            float(valued.unsold[row, at]),
            float(valued.leaving[row, at]),
            float(valued.expected_days[row, at]),
            float(valued.daily_hazard[row, at]),
            effects[row],
        )
        for row, ((key, appraisal), at) in enumerate(zip(found, best, strict=True))
        if usable[row].any()
    }


def _effects(group: _Group, keys: Sequence[_Key]) -> list[Effects]:
    """Give what each move changes for the units that stay and for the store that receives.

    The others of a shelf are taken to be like the unit that moves.
    """
    changes = [
        *((key.unit, key.unit.dealer_id, (-key.gone, -key.gone - 1)) for key in keys),
        *((key.unit, key.receiver, (key.coming, key.coming + 1)) for key in keys),
    ]
    gains = _gains(group, changes)
    result = []
    for row, key in enumerate(keys):
        staying = group.lookup.on_hand[key.unit.dealer_id, key.unit.segment] - key.gone - 1
        goal = group.positions[key.receiver, key.unit.segment]
        available = goal.on_hand + goal.inbound + key.coming
        forgone = sum(purchase_values(goal, available)) - sum(purchase_values(goal, available + 1))
        standing = goal.on_hand + key.coming
        crowding = min(0.0, standing * gains[len(keys) + row])
        freed = max(0, staying) * gains[row]
        result.append(Effects(staying=freed, forgone=max(0.0, forgone), crowding=crowding))
    return result


def _gains(group: _Group, changes: Sequence[tuple[Unit, str, tuple[int, int]]]) -> list[float]:
    """Give what one like each unit gains at a rooftop when the number there goes from one count to the other."""
    settings, prices = [], []
    for unit, dealer_id, counts in changes:
        for change in counts:
            appraisal = appraise(group.lookup, unit, dealer_id, group.as_of, change=change)
            if appraisal is None:  # cannot be: the unit was appraised here and there before
                message = f"{unit.vehicle_key} has no price at {dealer_id} any more"
                raise LookupError(message)
            settings.append(replace(appraisal.setting, delay_days=0.0, upfront_cost=0.0))
            prices.append(appraisal.price)
    nets = evaluate(settings, np.array(prices)[:, None]).net[:, 0].reshape(-1, 2)
    return [float(after - before) for before, after in nets]


def _prices(appraisal: Appraisal) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Give the prices to try at the receiving store, the present one too where it is allowed there."""
    span = price_range(appraisal)
    prices = grid(span, appraisal.price, count=_TRANSFER_PRICES)
    return np.append(prices, appraisal.price if _allows(span, appraisal.price) else np.nan)


def _allows(span: PriceRange, price: float) -> bool:
    return span.floor <= price <= span.ceiling


def _make(courses: Sequence[Course], weighed: Mapping[str, Choices], moves: Moves) -> bool:
    """Make the best moves of this round, at most one per giving and one per receiving shelf."""
    touched: set[Shelf] = set()
    ranked = sorted(
        courses,
        key=lambda course: (
            weighed[course.appraisal.unit.vehicle_key].keep.net - course.worth,
            course.appraisal.unit.vehicle_key,
            course.appraisal.rooftop.dealer_id,
        ),
    )
    for course in ranked:
        unit, receiver = course.appraisal.unit, course.appraisal.rooftop.dealer_id
        giving, receiving = (unit.dealer_id, unit.segment), (receiver, unit.segment)
        if unit.vehicle_key in moves.made or giving in touched or receiving in touched:
            continue
        if not _is_worth_it(course, weighed[unit.vehicle_key]):
            continue
        moves.made[unit.vehicle_key] = course
        moves.leaving[giving] += 1
        moves.arriving[receiving] += 1
        moves.sent[unit.dealer_id, receiver, unit.segment] += 1
        touched |= {giving, receiving}
    return bool(touched)


def _is_worth_it(course: Course, at_home: Choices) -> bool:
    """Tell whether a move beats keeping by the margin, and a new price and the lane at all."""
    if course.worth < at_home.keep.worth + at_home.keep.appraisal.margin:
        return False
    if at_home.reprice is not None and course.worth <= at_home.reprice.worth:
        return False
    # Whoever leaves, by the lane or to a sister, frees the same customers for those that stay.
    lane = at_home.wholesale
    return lane is None or course.worth > lane.net + course.effects.staying
