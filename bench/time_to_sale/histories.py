"""Histories of units, wherever they come from, as lives to fit and as questions to answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.time_to_sale import Lives, UnitFeatures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class State:
    """What was known of a unit on a day, its price included."""

    price: float
    market_price: float
    demand_per_day: float | None = None
    on_hand: float | None = None
    days_supply: float | None = None


@dataclass(frozen=True, slots=True)
class History:
    """A unit from the day it came (age 0): ``ended`` is its last day, on which it was ``sold`` or not.

    ``changed`` are the days on which its state is looked up anew by ``state``, in order.
    """

    new: bool
    came: date
    ended: date
    sold: bool
    changed: tuple[date, ...]
    state: Callable[[date], State]


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """Units at a moment: how long from now? ``days`` is when the answer came, or until when none had."""

    features: UnitFeatures
    price: Floats
    days: Floats
    sold: NDArray[np.bool_]


def lives_of(histories: Sequence[History], until: date | None = None) -> Lives:
    """Cut histories into spells at each change, as known by ``until``: later units and sales are not in it."""
    rows = []
    for number, history in enumerate(histories):
        ended, sold = history.ended, history.sold
        if until is not None and ended > until:
            ended, sold = until, False
        starts = [history.came, *(day for day in history.changed if history.came < day < ended)]
        for start, end in zip(starts, [*starts[1:], ended], strict=True):
            if end > start:
                rows.append((number, history, start, end, sold and end == ended, history.state(start)))
    features = _features([(history, start, state) for _, history, start, _, _, state in rows])
    ages = [(end - history.came).days for _, history, _, end, _, _ in rows]
    prices = [state.price for *_, state in rows]
    return Lives.of(features, [row[0] for row in rows], prices, ages, [row[4] for row in rows])


def questions_of(histories: Sequence[History], at: date | None = None) -> Questions:
    """Ask of each unit when it came, or of those that stood there on a day."""
    asked = [(each, at or each.came) for each in histories if at is None or each.came <= at < each.ended]
    asked = [(each, day) for each, day in asked if each.ended > day]
    states = [each.state(day) for each, day in asked]
    features = _features([(each, day, state) for (each, day), state in zip(asked, states, strict=True)])
    return Questions(
        features,
        np.array([state.price for state in states]),
        np.array([(each.ended - day).days for each, day in asked], dtype=np.float64),
        np.array([each.sold for each, _ in asked], dtype=np.bool_),
    )


def came_by(histories: Sequence[History], day: date) -> list[History]:
    """Keep those that had come by a day."""
    return [each for each in histories if each.came < day]


def next_day(day: date) -> date:
    """Give the day after."""
    return day + timedelta(days=1)


def _features(rows: Sequence[tuple[History, date, State]]) -> UnitFeatures:
    return UnitFeatures.of(
        [day for _, day, _ in rows],
        [state.market_price for *_, state in rows],
        [float((day - history.came).days) for history, day, _ in rows],
        new=[history.new for history, _, _ in rows],
        demand_per_day=[state.demand_per_day for *_, state in rows],
        on_hand=np.array([np.nan if state.on_hand is None else state.on_hand for *_, state in rows]),
        days_supply=[state.days_supply for *_, state in rows],
    )
