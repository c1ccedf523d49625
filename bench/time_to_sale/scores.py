"""Scores of predicted survival against what came, with lifelines for Kaplan-Meier and concordance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from lifelines import KaplanMeierFitter
from lifelines.utils import concordance_index

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.time_to_sale.histories import Questions

    Floats = NDArray[np.float64]

HORIZON = 60
CALIBRATED_AT = 30
_GROUPS = 10


@dataclass(frozen=True, slots=True)
class Scores:
    """How well curves foretell.

    ``concordance`` is of the expected days (0.5: none). ``calibration_error`` is of the chance to sell in 30 days:
    predicted against Kaplan-Meier, the mean over tenths of the units. ``brier`` is integrated over 60 days.
    """

    units: int
    sales: int
    concordance: float
    calibration_error: float
    brier: float


def score(questions: Questions, survival: Floats) -> Scores:
    """Score curves of shape (n, HORIZON + 1); Brier weighted for censoring (Graf et al., Stat. Med. 18, 1999)."""
    days = np.minimum(questions.days, HORIZON + 1)
    sold = questions.sold & (questions.days <= HORIZON)
    expected = survival.sum(axis=1)
    ranked = 0.5 if np.ptp(expected) < 1e-9 else concordance_index(days, expected, sold)
    return Scores(
        len(days),
        int(sold.sum()),
        float(ranked),
        _calibration_error(days, sold, survival),
        _brier(questions, survival),
    )


def _calibration_error(days: Floats, sold: NDArray[np.bool_], survival: Floats) -> float:
    predicted = 1 - survival[:, CALIBRATED_AT]
    order = np.argsort(predicted, kind="stable")
    error = 0.0
    for group in np.array_split(order, _GROUPS):
        curve = KaplanMeierFitter().fit(days[group], sold[group])
        observed = 1 - float(curve.predict(CALIBRATED_AT))
        error += len(group) * abs(observed - float(predicted[group].mean()))
    return error / len(days)


def _brier(questions: Questions, survival: Floats) -> float:
    censored = KaplanMeierFitter().fit(questions.days, ~questions.sold)
    before = np.maximum(censored.predict(np.maximum(questions.days - 1, 0)).to_numpy(), 1e-3)
    total = []
    for day in range(1, HORIZON + 1):
        still = questions.days > day
        gone = questions.sold & (questions.days <= day)
        kept = max(float(censored.predict(day)), 1e-3)
        there = survival[:, day]
        total.append(
            float(np.mean(np.where(gone, there**2 / before, 0) + np.where(still, (1 - there) ** 2 / kept, 0)))
        )
    return float(np.mean(total))


def kaplan_meier(days: Floats, sold: NDArray[np.bool_], entry: Floats, ages: Floats) -> Floats:
    """Give the curves of units at their ages from one Kaplan-Meier curve of others that came in at ``entry``."""
    curve = KaplanMeierFitter().fit(days, sold, entry=entry)
    grid = ages[:, None] + np.arange(HORIZON + 1)[None, :]
    values = curve.predict(grid.reshape(-1)).to_numpy().reshape(grid.shape)
    here = np.maximum(values[:, :1], 1e-9)
    conditional: Floats = values / here
    return conditional
