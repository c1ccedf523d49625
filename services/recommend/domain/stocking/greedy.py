"""The fallback of the stocking program: units one by one, the most valuable per share of what is scarce first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.recommend.domain.stocking.program import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.recommend.domain.lookup import Shelf
    from services.recommend.domain.stocking.limits import Limit
    from services.recommend.domain.stocking.program import Wish


def fill(wishes: Sequence[Wish], limits: Sequence[Limit]) -> Plan:
    """Buy what rules want first, then what is worth most, as long as every limit has room; moves nothing.

    Used only where the solver's nodes ran out before it had any plan. Keeps every limit, as the solver does.
    """
    room = [max(0.0, limit.room) for limit in limits]
    concerned: dict[Shelf, list[int]] = {}
    for number, limit in enumerate(limits):
        for segment in limit.weights:
            concerned.setdefault((limit.dealer_id, segment), []).append(number)

    def share(wish: Wish) -> float:
        rows = concerned.get(wish.shelf, ())
        return max((limits[row].weights[wish.shelf[1]] / max(1.0, room[row]) for row in rows), default=0.0) or 1.0

    candidates = [
        (place >= wish.least, -value / share(wish), wish.shelf, place)
        for wish in wishes
        for place, value in enumerate(wish.purchases)
        if value > 0 or place < wish.least
    ]
    bought: dict[Shelf, int] = {wish.shelf: 0 for wish in wishes}
    for _, _, shelf, place in sorted(candidates):
        rows = concerned.get(shelf, ())
        if place == bought[shelf] and all(room[row] >= limits[row].weights[shelf[1]] for row in rows):
            bought[shelf] += 1
            for row in rows:
                room[row] -= limits[row].weights[shelf[1]]
    missing = {wish.shelf: wish.least - bought[wish.shelf] for wish in wishes if bought[wish.shelf] < wish.least}
    return Plan(bought, missing=missing, method="the most valuable first: the solver's nodes ran out")
