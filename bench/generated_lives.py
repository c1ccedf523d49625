"""A year of lives that are made up: prices cut every two weeks, and sales the likelier a day the less is asked."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np

from bench.generated_book import AS_OF, generated_book
from services.recommend.domain import LIVES_DAYS, Unit, UnitLife

_USUAL_DAYS = 50
_ELASTICITY = 8.0
_SOLD = 0.9
_CUT_DAYS = 14
_ASKED = (1.06, 1.04, 1.02, 1.0, 0.98, 0.96)


def generated_lives(rooftops: int, count: int, seed: int) -> list[UnitLife]:
    """Draw lives of the year up to AS_OF; units of ``generated_book``, some of which still stand. USD."""
    units = [
        (unit, unit.list_price, math.log(unit.list_price / unit.cost))
        for unit in generated_book(rooftops, count, seed).units
        if unit.list_price and unit.cost
    ]
    usual = sum(over_cost for *_, over_cost in units) / len(units)
    rng = np.random.default_rng(seed)
    return [_life(rng, unit, price, over_cost - usual) for unit, price, over_cost in units]


def _life(rng: np.random.Generator, unit: Unit, price: float, dearer: float) -> UnitLife:
    stay = _stay(float(rng.exponential(_USUAL_DAYS)), dearer)
    # As likely to come on any day, from those that only leave as the year begins to those that came yesterday.
    came = AS_OF - timedelta(days=int(rng.integers(1, LIVES_DAYS + stay)))
    left = came + timedelta(days=stay)
    days = (min(left, AS_OF) - came).days
    prices = tuple(
        (came + timedelta(days=_CUT_DAYS * cut), price * asked)
        for cut, asked in enumerate(_ASKED)
        if _CUT_DAYS * cut < days
    )
    first, last = prices[0][1], prices[-1][1]
    stood = replace(unit, stock_date=came, group_stock_date=came, list_price=last, first_price=first)
    if left > AS_OF:
        return UnitLife(stood, prices=prices)
    return UnitLife(stood, left, sold=bool(rng.random() < _SOLD), prices=prices)


def _stay(wait: float, dearer: float) -> int:
    """Give the days that pass until a wait is over which each price makes longer or shorter while it is asked."""
    days = 0.0
    for asked in _ASKED[:-1]:
        longer = math.exp(_ELASTICITY * (dearer + math.log(asked)))
        if wait <= _CUT_DAYS / longer:
            return 1 + int(days + wait * longer)
        days, wait = days + _CUT_DAYS, wait - _CUT_DAYS / longer
    return 1 + int(days + wait * math.exp(_ELASTICITY * (dearer + math.log(_ASKED[-1]))))
