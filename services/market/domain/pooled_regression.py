"""A robust regression in many segments at once, each leaning on its group as far as it is short of rows.

A segment's slopes are drawn to those of its group as if the group had contributed ``POOLING_LISTINGS``
listings, and the group's likewise to the trade's ordinary depreciation, so a segment of four listings is not
fitted to its noise. Residuals are weighted after Huber (Ann. Math. Statist. 35, 1964, with his proposal 2 for
the scale) and dropped beyond ``REJECTED_BEYOND`` scales: prices of 1 and mistyped odometers are common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

POOLING_LISTINGS = 10.0
USUAL_SLOPES = np.array([-0.08, -0.04])
"""Per year and per 10,000 km; at 20,000 km a year about the usual 1.5 % a month."""
USUAL_LISTINGS = 5.0
USUAL_SCATTER = np.diag([4.0, 9.0])
"""Variance of age in years squared, and of the odometer in 10,000 km squared, inside an ordinary segment."""
HUBER_BEND = 1.345
HUBER_CONSISTENCY = 0.7102
"""E[min(z^2, 1.345^2)] of a standard normal z."""
REJECTED_BEYOND = 6.0
SMALLEST_SCALE = 1e-4
ITERATIONS = 15


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """Which segment each row is in, shape (rows,), and the group of each segment, shape (segments,)."""

    segment: NDArray[np.intp]
    group: NDArray[np.intp]
    groups: int

    @property
    def segments(self) -> int:
        """Count the segments."""
        return len(self.group)


def fit(y: Floats, x: Floats, strata: Strata) -> tuple[Floats, Floats, Floats]:
    """Fit log price y, shape (rows,), on age in years and odometer in 10,000 km, x of shape (rows, 2).

    Returns reference (segments,), slopes (segments, 2) and residual sd (segments,); a segment without rows
    gets figures too, which mean nothing.
    """
    segment = strata.segment
    residual = y - (x @ USUAL_SLOPES)
    residual = residual - _medians(residual, segment, strata.segments)[segment]
    # A rough start from medians keeps a price of 1 from pulling the first fit towards it.
    spread = max(1.4826 * float(np.median(np.abs(residual))), 0.05)
    scale = np.full(strata.segments, spread)
    reference, slopes = np.zeros(strata.segments), np.zeros((strata.segments, 2))
    for _ in range(ITERATIONS):
        u = np.abs(residual) / scale[segment]
        weight = np.where(u > REJECTED_BEYOND, 0.0, HUBER_BEND / np.maximum(u, HUBER_BEND))
        reference, slopes = _weighted_fit(y, x, weight, strata)
        residual = y - reference[segment] - np.einsum("ij,ij->i", x, slopes[segment])
        scale = _scales(residual, scale, weight > 0, strata)
    return reference, slopes, scale


def _weighted_fit(y: Floats, x: Floats, weight: Floats, strata: Strata) -> tuple[Floats, Floats]:
    segment, group, count = strata.segment, strata.group, strata.segments

    def total(values: Floats) -> Floats:
        return np.bincount(segment, weights=values * weight, minlength=count).astype(np.float64)

    mass = np.maximum(total(np.ones_like(y)), 1e-12)
    x_mean = np.column_stack([total(x[:, 0]), total(x[:, 1])]) / mass[:, None]
    y_mean = total(y) / mass
    x_centred, y_centred = x - x_mean[segment], y - y_mean[segment]
    products = np.empty((count, 2, 2))
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        products[:, i, j] = total(x_centred[:, i] * x_centred[:, j])
    against_y = np.column_stack([total(x_centred[:, i] * y_centred) for i in (0, 1)])
    slopes = np.empty((count, 2))
    for number in range(strata.groups):
        members = group == number
        usual = USUAL_LISTINGS * USUAL_SCATTER
        together = products[members].sum(axis=0) + usual
        common = np.linalg.solve(together, against_y[members].sum(axis=0) + usual @ USUAL_SLOPES)
        pull = POOLING_LISTINGS * together / (mass[members].sum() + USUAL_LISTINGS)
        pulled = (against_y[members] + pull @ common)[..., None]
        slopes[members] = np.linalg.solve(products[members] + pull, pulled)[..., 0]
    return y_mean - np.einsum("ij,ij->i", x_mean, slopes), slopes


def _scales(residual: Floats, scale: Floats, kept: NDArray[np.bool_], strata: Strata) -> Floats:
    """Residual sd per segment, drawn to its group's by the same number of listings as the slopes."""
    segment, group, groups = strata.segment, strata.group, strata.groups
    bent = np.minimum(np.abs(residual), HUBER_BEND * scale[segment]) ** 2 / HUBER_CONSISTENCY
    squares = np.bincount(segment[kept], weights=bent[kept], minlength=strata.segments)
    counts = np.bincount(segment[kept], minlength=strata.segments).astype(np.float64)
    free = np.maximum(counts - 1.0, 0.0)
    in_group = np.bincount(group, weights=squares, minlength=groups)
    freedom = np.maximum(np.bincount(group, weights=free, minlength=groups), 1.0)
    common = (in_group / freedom)[group]
    pooled = (squares + POOLING_LISTINGS * common) / (free + POOLING_LISTINGS)
    return np.maximum(np.sqrt(pooled), SMALLEST_SCALE)


def _medians(values: Floats, segment: NDArray[np.intp], count: int) -> Floats:
    order = np.lexsort((values, segment))
    counts = np.bincount(segment, minlength=count)
    starts = np.cumsum(counts) - counts
    filled = counts > 0
    medians = np.zeros(count)
    low = (starts + np.maximum(counts - 1, 0) // 2)[filled]
    high = (starts + counts // 2)[filled]
    medians[filled] = (values[order[low]] + values[order[high]]) / 2
    return medians
