"""How much of its floorplan line a rooftop's units take up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.recommend.domain.book import Unit
    from services.recommend.domain.parameters import Parameters


def financed(units: Iterable[Unit], parameters: Parameters) -> float:
    """Give the money in units, in the rooftop's currency.

    One of unknown cost counts at its list price less the default margin; without a price at the average of those
    that have either. So a feed without costs leaves the line as used as it is, not empty.
    """
    known, counted, blank = 0.0, 0, 0
    for unit in units:
        cost = unit.total_cost
        if cost is None and unit.list_price is not None:
            cost = unit.list_price * (1 - parameters.default_margin)
        if cost is None:
            blank += unit.quantity
        else:
            known += cost * unit.quantity
            counted += unit.quantity
    return known + (known / counted * blank if counted else 0.0)
