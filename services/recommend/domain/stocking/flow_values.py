"""What a unit is worth to the shelf it would leave and to the shelf it would come to, for the stocking program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.book import is_new
from services.recommend.domain.demand import demand_over
from services.recommend.domain.stocking.newsvendor import at_least, later_sales

if TYPE_CHECKING:
    from services.recommend.domain.stocking.position import Position

_STRIDE_DAYS = 3.0


def arrival_values(position: Position) -> tuple[float, ...]:
    """Give the expected net of the 1st, 2nd, ... unit from a sister store, as many as are missing.

    As a purchase is valued, but landing after the transport's days instead of the purchase's lead time.
    """
    if position.gap == 0:
        return ()
    available = position.on_hand + position.inbound
    if position.shelf is not None:
        return tuple(position.shelf.marginal(available, position.gap).tolist())
    parameters = position.rooftop.parameters
    lead, after = parameters.transport_days, position.after_days
    before = demand_over(position.demand, lead)
    wanted = max(0.0, demand_over(position.demand, lead + after) - before)
    added = later_sales(
        available,
        np.array([before]),
        np.array([wanted]),
        position.demand.dispersion,
        position.gap,
        position.growth(available + position.gap),
    )[0]
    worth = position.economics
    return tuple(float(value) for value in added * worth.underage - (1 - added) * worth.overage)


def release_values(position: Position) -> tuple[float, ...]:
    """Give what the last unit in line brings where it stands, then the one before it, down to the target.

    The n-th in line sells when the n-th customer comes, which is with P(D(t) >= n) by day t. So over the
    horizon it brings P(D(T) >= n) * gross, less the loss at the exit otherwise, less holding for the expected
    days until either. A used unit is never worth less than leaving through the lane today.
    Where the shoppers were learned, it is what each adds to those that stay.
    """
    if position.excess == 0:
        return ()
    if position.shelf is not None:
        staying = position.on_hand + position.inbound - position.excess
        return tuple(position.shelf.marginal(staying, position.excess)[::-1].tolist())
    parameters, worth = position.rooftop.parameters, position.economics
    line = np.arange(position.on_hand, position.on_hand - position.excess, -1, dtype=np.float64)
    days = np.arange(0.0, parameters.horizon_days, _STRIDE_DAYS) + _STRIDE_DAYS / 2
    daily = position.demand_per_day * position.growth(position.on_hand)[::-1][: line.size, None]
    means = daily * days
    waiting = 1 - at_least(line[:, None], means, position.demand.dispersion)
    stay = waiting.sum(axis=1) * _STRIDE_DAYS
    horizon = daily[:, 0] * parameters.horizon_days
    sold = at_least(line, horizon, position.demand.dispersion)
    gross = (1 - parameters.substitution) * (position.gross.front + position.gross.back)
    kept = sold * gross - (1 - sold) * worth.exit_loss - position.holding.per_day * stay
    if not is_new(position.segment):
        kept = np.maximum(kept, -worth.exit_loss)
    # The line is served in order, so that a unit nearer the front is worth no less.
    return tuple(float(value) for value in np.maximum.accumulate(kept))
