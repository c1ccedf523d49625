"""More to choose from sells more: how a segment's demand grows with the units that stand there.

A used car is one of a kind, and so is a new one in its colour and trim: a customer who finds four of a model
is likelier to find one that suits than a customer who finds two. Forecasts are of what sells at the stock that
usually stood there. With ``x`` for the stock over the usual one,

    growth(x) = (1 + s) * x / (x + s),   s = elasticity / (1 - elasticity)

is 1 at the usual stock and rises there by ``elasticity`` per cent for each per cent of stock; further units add
ever less. Beyond three times the usual stock nothing is known, and nothing more is expected. That variety sells,
and sells less the more of it there is, is what Cachon, Gallino and Olivares found at dealerships (Management
Science, 2019).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from services.recommend.domain.time_to_sale import Floats

_FURTHEST = 3.0
"""Times the usual stock: nobody has seen what more would sell, so it is taken to sell no more."""
_LEAST_USUAL = 1.0
"""Demand is counted in the weeks with stock, so never at less than one unit."""


def growth(units: Floats | float, usual_stock: float | None, elasticity: float) -> Floats:
    """Give the factor on a segment's demand with so many units; 1 where the usual stock is unknown.

    ``elasticity`` is from 0 (demand is what it is) to under 1.
    """
    shown = np.asarray(units, dtype=np.float64)
    if usual_stock is None or elasticity <= 0:
        return np.ones_like(shown)
    ratio = np.clip(shown / max(_LEAST_USUAL, usual_stock), 0.0, _FURTHEST)
    saturation = elasticity / (1.0 - elasticity)
    factor: Floats = (1.0 + saturation) * ratio / (ratio + saturation)
    return factor
