"""Correction of predicted daily chances by what units held out of the fit then did.

Every unit-day is a trial, so that censored lives and late entries need no weights. With few sales the log
intensity is stretched and moved (Platt, 1999, on the complementary log-log scale), drawn to leaving it as it is;
with many it follows an isotonic regression through the centres of its blocks (Oron and Flournoy, Stat. Biopharm.
Res. 9, 2017), which keeps a lower price from ever looking slower.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import isotonic_regression

from services.recommend.domain.time_to_sale.newton import maximise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PLATT_SALES: Final = 100
ISOTONIC_SALES: Final = 10_000
"""Fewer sales than these are too few for each kind of correction. Up to some thousands the isotonic one was
measured to be less well calibrated than Platt's, and it costs the factors that make many prices cheap."""
_BLOCK_SALES: Final = 25
_PLATT_SD: Final = np.array([0.5, 0.25])


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Maps log intensities: ``shift + stretch * x``, or along the points of ``at`` and ``to`` where it has any.

    ``kind`` is none, Platt or isotonic. Beyond the points it goes on at a slope of one.
    """

    kind: str = "none"
    shift: float = 0.0
    stretch: float = 1.0
    at: Floats = field(default_factory=lambda: np.empty(0))
    to: Floats = field(default_factory=lambda: np.empty(0))

    @property
    def is_straight(self) -> bool:
        """Whether the map is a straight line, so that price and days stay factors of each other."""
        return not self.at.size

    def __call__(self, log_intensity: Floats) -> Floats:
        """Give the corrected log intensities, in the shape given."""
        if self.is_straight:
            straight: Floats = self.shift + self.stretch * log_intensity
            return straight
        beyond = log_intensity - np.clip(log_intensity, self.at[0], self.at[-1])
        corrected: Floats = np.interp(log_intensity, self.at, self.to) + beyond
        return corrected


def calibrate(log_intensity: Floats, days: Floats, sold: NDArray[np.bool_]) -> Calibration:
    """Fit a correction to held-out predictions of strips, all of shape (strips,); by the number of sales."""
    sales = int(sold.sum())
    if sales < PLATT_SALES:
        return Calibration()
    if sales < ISOTONIC_SALES:
        return _platt(log_intensity, days, sold)
    return _isotonic(log_intensity, days, sold)


def _platt(log_intensity: Floats, days: Floats, sold: NDArray[np.bool_]) -> Calibration:
    centre = float(np.average(log_intensity, weights=days))
    design = np.column_stack([np.ones(len(days)), log_intensity - centre])
    start = np.array([centre, 1.0])
    found = maximise(design, days, sold, start, np.diag(1 / _PLATT_SD**2))
    stretch = max(0.1, float(found.coefficients[1]))
    return Calibration("Platt", float(found.coefficients[0]) - stretch * centre, stretch)


def _isotonic(log_intensity: Floats, days: Floats, sold: NDArray[np.bool_]) -> Calibration:
    order = np.argsort(log_intensity, kind="stable")
    x, weight, events = log_intensity[order], days[order], sold[order].astype(np.float64)
    # Blocks of some sales first: single days would make steps that are only noise.
    block = np.minimum((np.cumsum(events) - events) // _BLOCK_SALES, events.sum() // _BLOCK_SALES - 1).astype(np.intp)
    exposure = np.bincount(block, weights=weight)
    rate = np.bincount(block, weights=events) / exposure
    centre = np.bincount(block, weights=weight * x) / exposure
    fitted = isotonic_regression(rate, weights=exposure)
    edges = fitted.blocks
    at = np.array([np.average(centre[low:high], weights=exposure[low:high]) for low, high in pairwise(edges)])
    level = np.minimum(fitted.x[edges[:-1]], 1 - 1e-9)
    return Calibration("isotonic", at=at, to=np.log(-np.log1p(-level)))
