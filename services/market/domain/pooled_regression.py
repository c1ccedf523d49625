"""A robust regression in many segments at once, in which whatever is thin leans on what is around it.

    y = intercept(segment) + x . slopes(segment) + shared . common(group) + trim effect + residual

The intercept of a segment is drawn to that of its make, a make's to its condition group's; slopes to those of
the group and these to the trade's ordinary depreciation; a trim's effect to nothing. Each is a Gaussian prior
(a random effect), so that the whole is one ridge-penalised least-squares problem (Henderson, Biometrics 31,
1975); how unlike each other makes, segments and trims are is estimated from the data by expectation and
maximisation. Residuals are weighted after Huber (Ann. Math. Statist. 35, 1964, with his proposal 2 for the
scale) and dropped beyond ``REJECTED_BEYOND`` scales: prices of 1 and mistyped odometers are common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from services.market.domain.pooled_design import INTERCEPT_SDS, OWN, USUAL_SLOPES, Layout, Shared, Strata

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Numbers = NDArray[np.intp]

SCALE_LISTINGS = 10.0
"""A segment's residual sd leans on its group's as if the group had sent this many listings."""
HUBER_BEND = 1.345
HUBER_CONSISTENCY = 0.7102
"""E[min(z^2, 1.345^2)] of a standard normal z."""
REJECTED_BEYOND = 6.0
SMALLEST_SCALE = 1e-3
ITERATIONS = 15


@dataclass(frozen=True, slots=True, eq=False)
class PooledFit:
    """Fitted log prices: ``reference``, ``scale`` and ``reference_sd`` (segments,), ``slopes`` (segments, 2).

    ``shared`` is what the segment's group has in common, shape (segments, shared); ``trim`` (trims,) is what
    a trim adds to its segment's average. ``reference_sd`` is how uncertain a segment's level still is.
    """

    reference: Floats
    slopes: Floats
    shared: Floats
    trim: Floats
    scale: Floats
    reference_sd: Floats


def fit(y: Floats, x: Floats, shared: Shared, strata: Strata) -> PooledFit:
    """Fit log price y, shape (rows,), on age in years and odometer in 10,000 km, x of shape (rows, 2).

    A segment without rows is given the level of its make.
    """
    group_of_row = strata.group[strata.segment]
    centre = _group_means(x, group_of_row)
    layout = Layout.of(strata, shared)
    design = layout.design(x - centre[group_of_row], shared.columns, strata)
    residual = _start(y, x, strata)
    scale = np.full(strata.segments, max(1.4826 * float(np.median(np.abs(residual))), 0.05))
    sds, weight, solution = np.array(INTERCEPT_SDS), np.ones_like(y), np.zeros(design.shape[1])
    for _ in range(ITERATIONS):
        u = np.abs(residual) / scale[strata.segment]
        bent = np.where(u > REJECTED_BEYOND, 0.0, HUBER_BEND / np.maximum(u, HUBER_BEND))
        weight = bent / scale[strata.segment] ** 2
        solution = _solve(design, y, weight, *layout.prior(sds))
        residual = y - design @ solution
        scale = _scales(residual, scale, bent > 0, strata)
        sds = layout.spread(solution, design.T @ weight, sds)
    return _result(layout, solution, design.T @ weight, sds, scale, centre, strata)


def _result(
    layout: Layout, solution: Floats, mass: Floats, sds: Floats, scale: Floats, centre: Floats, strata: Strata
) -> PooledFit:
    """Take the solution apart; references are moved to age and odometer nought."""
    fixed = solution[: layout.make.start].reshape(layout.groups, layout.fixed)[strata.group]
    slopes = fixed[:, 1:3] + solution[layout.slope].reshape(-1, 2)
    level = fixed[:, 0] + solution[layout.make][strata.make] + solution[layout.segment]
    unsure = 1 / (mass[layout.segment] + 1 / sds[1] ** 2) + (mass[layout.segment] == 0) * sds[0] ** 2
    return PooledFit(
        reference=level - np.einsum("ij,ij->i", centre[strata.group], slopes),
        slopes=slopes,
        shared=fixed[:, OWN:],
        trim=solution[layout.trim],
        scale=scale,
        reference_sd=np.sqrt(unsure),
    )


def _solve(design: sparse.csr_array, y: Floats, weight: Floats, mean: Floats, precision: Floats) -> Floats:
    weighted = design.multiply(weight[:, None]).tocsr()
    system = (design.T @ weighted + sparse.diags_array(precision)).tocsc()
    factors = splu(system, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    solution: Floats = factors.solve(weighted.T @ y + precision * mean)
    return solution


def _start(y: Floats, x: Floats, strata: Strata) -> Floats:
    """Give residuals from the medians of segments: they keep a price of 1 from pulling the first fit."""
    residual: Floats = y - (x @ USUAL_SLOPES)
    return residual - _medians(residual, strata.segment, strata.segments)[strata.segment]


def _group_means(x: Floats, group: Numbers) -> Floats:
    counts = np.maximum(np.bincount(group), 1.0)
    return np.column_stack([np.bincount(group, weights=x[:, i]) / counts for i in range(x.shape[1])])


def _scales(residual: Floats, scale: Floats, kept: NDArray[np.bool_], strata: Strata) -> Floats:
    """Residual sd per segment, drawn to its group's by ``SCALE_LISTINGS``."""
    segment, groups = strata.segment, int(strata.group.max()) + 1
    bent = np.minimum(np.abs(residual), HUBER_BEND * scale[segment]) ** 2 / HUBER_CONSISTENCY
    squares = np.bincount(segment[kept], weights=bent[kept], minlength=strata.segments)
    counts = np.bincount(segment[kept], minlength=strata.segments).astype(np.float64)
    free = np.maximum(counts - 1.0, 0.0)
    in_group = np.bincount(strata.group, weights=squares, minlength=groups)
    freedom = np.maximum(np.bincount(strata.group, weights=free, minlength=groups), 1.0)
    common = (in_group / freedom)[strata.group]
    pooled = (squares + SCALE_LISTINGS * common) / (free + SCALE_LISTINGS)
    return np.maximum(np.sqrt(pooled), SMALLEST_SCALE)


def _medians(values: Floats, segment: Numbers, count: int) -> Floats:
    """Give the median of values by segment, shape (count,); nought where a segment has none."""
    order = np.lexsort((values, segment))
    counts = np.bincount(segment, minlength=count)
    starts = np.cumsum(counts) - counts
    filled = counts > 0
    medians = np.zeros(count)
    low = (starts + np.maximum(counts - 1, 0) // 2)[filled]
    high = (starts + counts // 2)[filled]
    medians[filled] = (values[order[low]] + values[order[high]]) / 2
    return medians
