"""What usually stood on a shelf: the stock at which its sales, and so its forecast, came about."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from services.recommend.domain.lookup import Shelf

STOCK_DAYS = 365
"""As far back as demand is mostly learned from."""


def usual_stock(stays: Iterable[tuple[Shelf, date, date | None]], as_of: date) -> dict[Shelf, float]:
    """Average the units on each shelf over the days of the last year on which there was any.

    A stay is a shelf, the day the unit came and the day it left (none: still there); that day it was gone.
    """
    first = as_of.toordinal() - STOCK_DAYS
    moves: dict[Shelf, list[tuple[int, int]]] = defaultdict(list)
    for shelf, came, left in stays:
        begins = max(0, came.toordinal() - first)
        ends = STOCK_DAYS if left is None else min(STOCK_DAYS, left.toordinal() - first)
        if ends > begins:
            moves[shelf].append((begins, ends))
    usual = {}
    for shelf, spans in moves.items():
        steps = np.zeros(STOCK_DAYS + 1)
        np.add.at(steps, [begins for begins, _ in spans], 1.0)
        np.add.at(steps, [ends for _, ends in spans], -1.0)
        there = np.cumsum(steps)[:STOCK_DAYS]
        usual[shelf] = float(there[there > 0].mean())
    return usual
