"""Correction of predicted daily chances by what units held out of the fit then did.

Every unit-day is a trial, so that censored lives and late entries need no weights. The log intensity is stretched and
moved (Platt, 1999, on the complementary log-log scale), drawn to leaving it as it is. A straight line keeps price
and days factors of each other, which is what makes many prices cheap to weigh. An isotonic one would not, and was
measured to be less well calibrated up to some thousands of sales.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from services.recommend.domain.time_to_sale.newton import maximise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PLATT_SALES: Final = 100
"""Fewer sales than these are too few to correct anything."""
_PLATT_SD: Final = np.array([0.5, 0.25])


@dataclass(frozen=True, slots=True)
class Calibration:
    """Maps log intensities: ``shift + stretch * x``."""

    shift: float = 0.0
    stretch: float = 1.0

    def __call__(self, log_intensity: Floats) -> Floats:
        """Give the corrected log intensities, in the shape given."""
        corrected: Floats = self.shift + self.stretch * log_intensity
        return corrected


def calibrate(log_intensity: Floats, days: Floats, sold: NDArray[np.bool_]) -> Calibration:
    """Fit a correction to held-out predictions of strips, all of shape (strips,); none where sales are few."""
    if int(sold.sum()) < PLATT_SALES:
        return Calibration()
    centre = float(np.average(log_intensity, weights=days))
    design = np.column_stack([np.ones(len(days)), log_intensity - centre])
    start = np.array([centre, 1.0])
    found = maximise(design, days, sold, start, np.diag(1 / _PLATT_SD**2))
    stretch = max(0.1, float(found.coefficients[1]))
    return Calibration(float(found.coefficients[0]) - stretch * centre, stretch)
