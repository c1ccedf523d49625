"""Counts of units: negative binomials, a week each, exact down to rates of one unit a year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEVELS = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
"""The quantiles that are published and scored."""

_WIDEST_TABLE = 200_000
_POISSON_BELOW = 1e-9
_ROUNDING = 1e-12
_FLOOR_SHARE = 0.05
_MAX_DISPERSION = 50.0


@dataclass(frozen=True, slots=True, eq=False)
class Predictive:
    """The distribution of demand in each coming week: negative binomial, independent given the rate.

    ``mean``: units a week, shape ``[weeks]``; ``dispersion``: variance over mean, at least 1 (Poisson),
    same shape. Raises ValueError for anything else.
    """

    mean: NDArray[np.float64]
    dispersion: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse a distribution that does not exist."""
        if self.mean.ndim != 1 or self.mean.shape != self.dispersion.shape:
            message = f"mean {self.mean.shape} and dispersion {self.dispersion.shape} must match, one a week"
            raise ValueError(message)
        if not (np.isfinite(self.mean).all() and (self.mean >= 0).all()):
            message = f"the mean of demand must be finite and not negative, not {self.mean}"
            raise ValueError(message)
        if not (np.isfinite(self.dispersion).all() and (self.dispersion >= 1).all()):
            message = f"dispersion is variance over mean and at least 1, not {self.dispersion}"
            raise ValueError(message)

    def quantiles(self, levels: Sequence[float] = LEVELS) -> NDArray[np.float64]:
        """Find the smallest whole number of units with at least each probability; ``[weeks, levels]``.

        Sums the probabilities in logarithms, P(k) / P(k-1) = (mean + (k-1)(dispersion-1)) / (k dispersion);
        Cantelli's inequality bounds how far the sum must run. Raises ValueError for a level outside (0, 1)
        or a mean beyond what any rooftop sells.
        """
        probabilities = np.asarray(levels, dtype=np.float64)
        if not ((probabilities > 0) & (probabilities < 1)).all():
            message = f"quantile levels lie strictly between 0 and 1, not {tuple(levels)}"
            raise ValueError(message)
        if not self.mean.size or not probabilities.size:
            return np.zeros((self.mean.size, probabilities.size))
        highest = float(probabilities.max())
        reach = self.mean + np.sqrt(self.mean * self.dispersion * highest / (1.0 - highest))
        width = int(reach.max()) + 2
        if width > _WIDEST_TABLE:
            message = f"a mean of {self.mean.max():g} units a week is no rooftop's; check the quantities sold"
            raise ValueError(message)
        cumulative = self._cumulative(width)
        below = cumulative[:, None, :] < probabilities[None, :, None] - _ROUNDING
        units: NDArray[np.float64] = below.sum(axis=2).astype(np.float64)
        return units

    def _cumulative(self, width: int) -> NDArray[np.float64]:
        """Tabulate P(demand <= k) for k in 0..width, shape ``[weeks, width + 1]``."""
        mean, excess = self.mean[:, None], self.dispersion[:, None] - 1.0
        units = np.arange(1, width + 1)
        with np.errstate(divide="ignore"):
            steps = np.log((mean + (units - 1) * excess) / (units * (1.0 + excess)))
        divisor = np.where(excess > _POISSON_BELOW, excess, 1.0)
        none = -mean * np.where(excess > _POISSON_BELOW, np.log1p(excess) / divisor, 1.0)
        logarithms = np.concatenate([none, none + steps.cumsum(axis=1)], axis=1)
        cumulative: NDArray[np.float64] = np.exp(logarithms).cumsum(axis=1)
        return cumulative

    def scaled(self, factor: float | NDArray[np.float64]) -> Predictive:
        """Multiply the underlying rate by a factor, or each week's by its own, e.g. the time on hand.

        The gamma behind the negative binomial keeps its shape, so thinning by exposure is exact.
        """
        return Predictive(self.mean * factor, 1.0 + (self.dispersion - 1.0) * factor)


def joined(parts: Sequence[Predictive]) -> Predictive:
    """Put distributions one after another, to be scored in one go."""
    return Predictive(
        np.concatenate([part.mean for part in parts]), np.concatenate([part.dispersion for part in parts])
    )


def around(mean: NDArray[np.float64], demand: NDArray[np.float64], fitted: NDArray[np.float64]) -> Predictive:
    """Put a count distribution around the means of a method that only knows real numbers.

    ``demand`` and ``fitted``: units a week in sample and what the method would have said one step before,
    same shape. Dispersion is the mean squared error over mean demand, at least 1. Means are kept between 5 %
    of average demand, since no finite history proves that nobody will come, and twice the highest week.
    """
    average = float(demand.mean())
    squared_error = float(np.mean((demand - fitted) ** 2))
    dispersion = min(max(1.0, squared_error / average), _MAX_DISPERSION) if average > 0 else 1.0
    bounded = np.clip(mean, _FLOOR_SHARE * average, 2.0 * float(demand.max()) + 1.0)
    return Predictive(bounded, np.full(mean.shape, dispersion))
