"""Which units go to which sister store: one excess feeds another's gap before anything is bought.

Moves are chosen in rounds. In each, every unit that may go is valued at every store that still wants one,
given how many stand at both by then; the best move of each giving and each receiving shelf is made, and the
counts change. So the second car sent to a store is judged knowing of the first.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.actions import Action
from services.recommend.domain.appraisal import Appraisal, appraise
from services.recommend.domain.courses import Choices, Course
from services.recommend.domain.price_range import PriceRange, grid, price_range
from services.recommend.domain.value import evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from services.recommend.domain.book import Unit
    from services.recommend.domain.lookup import Lookup, Shelf
    from services.recommend.domain.stock_position import Position

_TRANSFER_PRICES = 9


@dataclass(frozen=True, slots=True)
class Moves:
    """The transfers made and the best weighed, by vehicle key, and the counts they leave."""

    made: dict[str, Course]
    weighed: dict[str, Course]
    arriving: Counter[Shelf]
    leaving: Counter[Shelf]


@dataclass(frozen=True, slots=True)
class _Group:
    """What stays the same from round to round."""

    lookup: Lookup
    weighed: Mapping[str, Choices]
    positions: Mapping[Shelf, Position]
    as_of: date


def plan_transfers(
    lookup: Lookup, weighed: Mapping[str, Choices], positions: Mapping[Shelf, Position], as_of: date
) -> Moves:
    """Choose the transfers of a group.

    A unit may go where its segment is over target, or has no forecast, and only to a store in the same
    currency that has a gap. The move has to beat doing nothing by the margin, and any new price at home at
    all.
    """
    moves, group = Moves({}, {}, Counter(), Counter()), _Group(lookup, weighed, positions, as_of)
    waiting = _donors(lookup, weighed, positions)
    rounds = max((position.gap for position in positions.values()), default=0)
    for _ in range(rounds):
        candidates = _candidates(group, waiting, moves)
        courses = _valued(candidates)
        for course in courses:
            known = moves.weighed.get(course.appraisal.unit.vehicle_key)
            if known is None or course.net > known.net:
                moves.weighed[course.appraisal.unit.vehicle_key] = course
        if not _make(courses, weighed, moves):
            break
        waiting = [unit for unit in waiting if unit.vehicle_key not in moves.made]
    return moves


def _donors(lookup: Lookup, weighed: Mapping[str, Choices], positions: Mapping[Shelf, Position]) -> list[Unit]:
    wanted = {segment for (_, segment), position in positions.items() if position.gap}
    return [
        unit
        for unit in lookup.in_stock
        if unit.segment in wanted and unit.vehicle_key in weighed and unit.quantity == 1
    ]


def _candidates(group: _Group, waiting: Sequence[Unit], moves: Moves) -> list[Appraisal]:
    """Appraise every unit that may go at every store that still wants one."""
    found = []
    for unit in waiting:
        home = (unit.dealer_id, unit.segment)
        position = group.positions.get(home)
        if home in group.lookup.demands and (position is None or position.excess <= moves.leaving[home]):
            continue
        # Without a market price on either side the stores' prices cannot be told apart.
        comparable = group.weighed[unit.vehicle_key].keep.appraisal.comparable
        for sister in group.lookup.sisters(unit.dealer_id):
            shelf = (sister.dealer_id, unit.segment)
            goal = group.positions.get(shelf)
            if goal is None or goal.gap <= moves.arriving[shelf]:
                continue
            coming = moves.arriving[shelf] + 1
            there = appraise(group.lookup, unit, sister.dealer_id, group.as_of, change=coming)
            if there is not None and there.comparable == comparable:
                found.append(there)
    return found


def _valued(candidates: Sequence[Appraisal]) -> list[Course]:
    """Value each candidate at its best price at the receiving store."""
    if not candidates:
        return []
    grids = np.stack([_prices(appraisal) for appraisal in candidates])
    usable = ~np.isnan(grids)
    fallback = np.array([appraisal.price for appraisal in candidates])[:, None]
    valued = evaluate([appraisal.setting for appraisal in candidates], np.where(usable, grids, fallback))
    nets = np.where(usable, valued.net, -np.inf)
    best = nets.argmax(axis=1)
    return [
        Course(
            Action.TRANSFER,
            appraisal,
            float(nets[row, at]),
            float(grids[row, at]),
            float(valued.unsold[row, at]),
            float(valued.expected_days[row, at]),
            float(valued.daily_hazard[row, at]),
        )
        for row, (appraisal, at) in enumerate(zip(candidates, best, strict=True))
        if usable[row].any()
    ]


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
            weighed[course.appraisal.unit.vehicle_key].keep.net - course.net,
            course.appraisal.unit.vehicle_key,
            course.appraisal.rooftop.dealer_id,
        ),
    )
    for course in ranked:
        unit = course.appraisal.unit
        giving, receiving = (unit.dealer_id, unit.segment), (course.appraisal.rooftop.dealer_id, unit.segment)
        if unit.vehicle_key in moves.made or giving in touched or receiving in touched:
            continue
        if not _is_worth_it(course, weighed[unit.vehicle_key]):
            continue
        moves.made[unit.vehicle_key] = course
        moves.leaving[giving] += 1
        moves.arriving[receiving] += 1
        touched |= {giving, receiving}
    return bool(touched)


def _is_worth_it(course: Course, at_home: Choices) -> bool:
    """Tell whether a move beats keeping by the margin, a new price at all, and is not beaten by the lane."""
    margin = at_home.keep.appraisal.margin
    if course.net < at_home.keep.net + margin:
        return False
    if at_home.reprice is not None and course.net <= at_home.reprice.net:
        return False
    return at_home.wholesale is None or at_home.wholesale.net < course.net + margin
