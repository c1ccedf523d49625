"""Where each coefficient of the pooled regression stands, its column, and what is expected of it beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Numbers = NDArray[np.intp]

USUAL_SLOPES = np.array([-0.08, -0.04])
"""Per year and per 10,000 km; at 20,000 km a year about the usual 1.5 % a month."""
USUAL_SLOPES_SD = np.array([0.035, 0.025])
SLOPES_SD = np.array([0.03, 0.015])
"""How far segments' slopes lie from their group's."""
INTERCEPT_SDS = (0.35, 0.35, 0.10)
"""How far makes lie from their group, segments from their make and trims from their segment, at first."""
INTERCEPT_SD_WEIGHT = 20.0
"""As many makes, segments or trims as those first sds count for, beside the ones that are seen."""
OWN = 3
"""Intercept and two slopes of a group, which its segments have of their own; what is shared comes after."""


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """Which segment and trim each row is in, shape (rows,), and what the segments belong to.

    ``trim`` is -1 where a row names none. ``group`` and ``make`` have shape (segments,), ``trim_segment``
    shape (trims,).
    """

    segment: Numbers
    trim: Numbers
    group: Numbers
    make: Numbers
    trim_segment: Numbers

    @property
    def segments(self) -> int:
        """Count the segments."""
        return len(self.group)


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """Columns whose coefficients all segments of a group have in common, and what is expected of those.

    ``columns`` has shape (rows, shared), ``mean`` and ``sd`` of the Gaussian prior shape (shared,).
    """

    columns: Floats
    mean: Floats
    sd: Floats

    def first(self, count: int) -> Shared:
        """Keep only the first columns."""
        return Shared(self.columns[:, :count], self.mean[:count], self.sd[:count])


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in the solution each kind of coefficient stands."""

    groups: int
    fixed: int
    mean: Floats
    precision: Floats
    make: slice
    segment: slice
    trim: slice
    slope: slice
    size: int

    @classmethod
    def of(cls, strata: Strata, shared: Shared) -> Layout:
        """Lay out the coefficients of these strata."""
        groups, fixed = int(strata.group.max()) + 1, OWN + len(shared.mean)
        makes, segments, trims = int(strata.make.max()) + 1, strata.segments, len(strata.trim_segment)
        at = np.cumsum([groups * fixed, makes, segments, trims, 2 * segments]).tolist()
        return cls(
            groups=groups,
            fixed=fixed,
            mean=np.concatenate([[0.0], USUAL_SLOPES, shared.mean]),
            precision=np.concatenate([[1e-6], 1 / USUAL_SLOPES_SD**2, 1 / shared.sd**2]),
            make=slice(at[0], at[1]),
            segment=slice(at[1], at[2]),
            trim=slice(at[2], at[3]),
            slope=slice(at[3], at[4]),
            size=at[4],
        )

    def design(self, x: Floats, shared: Floats, strata: Strata) -> sparse.csr_array:
        """Give the design, shape (rows, coefficients); the columns of x are centred."""
        rows, segment = np.arange(len(x)), strata.segment
        group, named = strata.group[segment], strata.trim >= 0
        ones, parts = np.ones(len(x)), []
        for offset, values in enumerate((ones, x[:, 0], x[:, 1], *shared.T)):
            parts.append((values, rows, group * self.fixed + offset))
        parts += [
            (ones, rows, self.make.start + strata.make[segment]),
            (ones, rows, self.segment.start + segment),
            (ones[named], rows[named], self.trim.start + strata.trim[named]),
            (x[:, 0], rows, self.slope.start + 2 * segment),
            (x[:, 1], rows, self.slope.start + 2 * segment + 1),
        ]
        values, at_row, at_column = (np.concatenate(each) for each in zip(*parts, strict=True))
        return sparse.csr_array((values, (at_row, at_column)), shape=(len(x), self.size))

    def prior(self, sds: Floats) -> tuple[Floats, Floats]:
        """Give the prior mean and precision of every coefficient."""
        mean, precision = np.zeros(self.size), np.empty(self.size)
        mean[: self.make.start] = np.tile(self.mean, self.groups)
        precision[: self.make.start] = np.tile(self.precision, self.groups)
        for part, sd in zip((self.make, self.segment, self.trim), sds, strict=True):
            precision[part] = 1 / sd**2
        precision[self.slope] = np.tile(1 / SLOPES_SD**2, (self.size - self.slope.start) // 2)
        return mean, precision

    def spread(self, solution: Floats, mass: Floats, sds: Floats) -> Floats:
        """Estimate the sds of makes, segments and trims anew: one step of expectation and maximisation."""
        fresh = []
        for part, sd, first in zip((self.make, self.segment, self.trim), sds, INTERCEPT_SDS, strict=True):
            seen = mass[part] > 0
            squares = solution[part][seen] ** 2 + 1 / (mass[part][seen] + 1 / sd**2)
            total = squares.sum() + INTERCEPT_SD_WEIGHT * first**2
            fresh.append(np.sqrt(total / (seen.sum() + INTERCEPT_SD_WEIGHT)))
        return np.array(fresh)
