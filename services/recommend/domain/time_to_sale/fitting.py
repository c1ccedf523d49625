"""Fitting the time to sale across a tenant, drawn to a prior as far as its sales are few."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from services.recommend.domain.time_to_sale.calibration import PLATT_SALES, Calibration, calibrate
from services.recommend.domain.time_to_sale.hazard_model import HazardModel
from services.recommend.domain.time_to_sale.lives import strips_of
from services.recommend.domain.time_to_sale.newton import log_likelihood, maximise
from services.recommend.domain.time_to_sale.prior import TRADE_PRIOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.recommend.domain.time_to_sale.lives import Lives, Strips
    from services.recommend.domain.time_to_sale.prior import HazardPrior

    Floats = NDArray[np.float64]

FOLDS: Final = 5


def fit(lives: Lives, prior: HazardPrior = TRADE_PRIOR) -> HazardModel:
    """Fit a model to lives of units; with none of them it is the prior's.

    From a hundred sales on, it is also fitted five times without a fifth of the units: their predictions
    tell what it gains over the prior, and correct it (see ``calibration``). The same lives give the same model.

    Raises:
        NotConverged: if the maximum is not found.
    """
    strips = strips_of(lives)
    found = maximise(strips.design, strips.days, strips.sold, prior.mean, prior.precision)
    units = int(np.unique(lives.unit).size)
    calibration, gain = Calibration(), None
    if lives.sales >= PLATT_SALES:
        held_out = _held_out(strips, prior)
        before = log_likelihood(strips.design @ prior.mean, strips.days, strips.sold)
        gain = (log_likelihood(held_out, strips.days, strips.sold) - before) / lives.sales
        calibration = calibrate(held_out, strips.days, strips.sold)
    return HazardModel(found.coefficients, found.precision, calibration, units, lives.sales, gain)


def _held_out(strips: Strips, prior: HazardPrior) -> Floats:
    """Predict every strip's log intensity by a fit that has not seen its unit."""
    _, number = np.unique(strips.unit, return_inverse=True)
    predicted = np.empty(len(strips.days))
    for fold in range(FOLDS):
        out = number.reshape(-1) % FOLDS == fold
        rest = strips.where(~out)
        found = maximise(rest.design, rest.days, rest.sold, prior.mean, prior.precision)
        predicted[out] = strips.design[out] @ found.coefficients
    return predicted
