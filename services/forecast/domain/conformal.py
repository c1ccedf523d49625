"""Intervals from the method's own past errors, where demand is no small count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.distribution import LEVELS, checked_levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.forecast.domain.distribution import Place, Predictive

PROBABILITIES = np.array(
    [0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99]
)
_POWER = 0.75
"""Errors of sales grow with their level, but less than in proportion: between roots and logs."""
_SISTERS_ERRORS = 24.0
_RANDOM_WALK = 0.5
"""The power of the distance with which a random walk's errors grow; what reverts to its mean stays below."""
_FIRST_LEVEL = 1e-9
_MEDIAN = 0.5
_HALF_UNIT = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Expected value and the offsets of its quantiles at PROBABILITIES; ``[...]`` and ``[..., 19]``.

    ``whole`` tells which are counts, whose quantiles are whole units; shaped as the mean.
    """

    mean: NDArray[np.float64]
    offsets: NDArray[np.float64]
    whole: NDArray[np.bool_]

    @property
    def dispersion(self) -> NDArray[np.float64]:
        """Variance over mean, from the offsets; at least 1."""
        variance: NDArray[np.float64] = np.trapezoid(self.offsets**2, PROBABILITIES, axis=-1)
        ratio: NDArray[np.float64] = np.divide(variance, self.mean, out=np.ones_like(self.mean), where=self.mean > 0)
        return np.maximum(ratio, 1.0)

    def quantiles(self, levels: Sequence[float] = LEVELS) -> NDArray[np.float64]:
        """Interpolate between the measured quantiles, at least 0; raises ValueError for impossible levels."""
        wanted = checked_levels(levels)
        place = np.clip(np.searchsorted(PROBABILITIES, wanted), 1, PROBABILITIES.size - 1)
        low, high = PROBABILITIES[place - 1], PROBABILITIES[place]
        share = np.clip((wanted - low) / (high - low), 0.0, 1.0)
        offsets = self.offsets[..., place - 1] * (1.0 - share) + self.offsets[..., place] * share
        values: NDArray[np.float64] = np.maximum(self.mean[..., None] + offsets, 0.0)
        return np.where(self.whole[..., None], np.ceil(values - _HALF_UNIT), values)

    def scaled(self, factor: float | NDArray[np.float64]) -> Measured:
        """Multiply the value and its errors."""
        return Measured(self.mean * factor, self.offsets * np.asarray(factor)[..., None], self.whole)

    def __getitem__(self, place: Place) -> Measured:
        """Take some series or periods."""
        return Measured(self.mean[place], self.offsets[place], self.whole[place])


def measured(
    mean: NDArray[np.float64],
    forecasts: NDArray[np.float64],
    errors: NDArray[np.float64],
    whole: NDArray[np.bool_],
) -> Measured:
    """Surround forecasts with the errors made before, pooled over series of like scale.

    ``mean``: ``[series, horizon]``; ``whole``: which series are counts; ``forecasts`` and ``errors`` (actual
    less forecast) of rolling origins: ``[series, origins, steps]``, NaN where there was none. Steps beyond the
    longest measured repeat its spread, grown on as it grew over the measured ones. Each error is taken relative to
    its forecast's level to the power 0.75 and to the series' own mean size of error, shrunk to its sisters';
    quantiles are then taken over all series, for each step ahead (split conformal prediction, Lei et al. 2018,
    on pooled residuals).
    """
    level = np.maximum(forecasts, _FIRST_LEVEL) ** _POWER
    floor = np.nanmean(level, axis=(1, 2), keepdims=True) * 0.1
    relative = errors / np.maximum(level, floor)
    seen = np.isfinite(relative)
    counts = seen.sum(axis=(1, 2))
    sizes = np.where(seen, np.abs(relative), 0.0).sum(axis=(1, 2))
    typical = np.median(sizes[counts > 0] / counts[counts > 0]) if (counts > 0).any() else 0.0
    size = (sizes + _SISTERS_ERRORS * typical) / (counts + _SISTERS_ERRORS)
    size = np.where(size > 0, size, 1.0)
    pooled = relative / size[:, None, None]
    steps = pooled.shape[2]
    tables = np.array([_quantiles(pooled[:, :, max(0, k - 1) : k + 2]) for k in range(steps)])
    tables = np.maximum.accumulate(np.abs(tables), axis=0) * np.sign(tables)
    ahead = np.arange(mean.shape[1])
    growth = (np.maximum(ahead + 1.0, steps) / steps) ** _growth(pooled)
    table = tables[np.minimum(ahead, steps - 1)] * growth[:, None]
    spread = size[:, None] * np.maximum(np.maximum(mean, 0.0) ** _POWER, floor[:, 0])
    offsets = spread[..., None] * table
    return Measured(mean, np.sort(offsets, axis=-1), np.repeat(whole[:, None], mean.shape[1], axis=1))


def _growth(pooled: NDArray[np.float64]) -> float:
    """Give the power of the distance with which errors grew over the measured steps, from none to the root."""
    known = np.isfinite(pooled).any(axis=(0, 1))
    sizes = np.array([np.nanmean(np.abs(pooled[:, :, step])) for step in np.flatnonzero(known)])
    if sizes.size <= 1 or not (sizes > 0).all():
        return _RANDOM_WALK
    power = np.polyfit(np.log(np.flatnonzero(known) + 1.0), np.log(sizes), 1)[0]
    return float(np.clip(power, 0.0, _RANDOM_WALK))


def _quantiles(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take quantiles with the finite-sample correction of conformal prediction: a little outwards."""
    known = np.sort(errors[np.isfinite(errors)])
    if not known.size:
        return np.zeros(PROBABILITIES.size)
    count = known.size
    outwards = np.where(PROBABILITIES < _MEDIAN, PROBABILITIES - 1.0 / count, PROBABILITIES + 1.0 / count)
    quantiles: NDArray[np.float64] = np.quantile(
        known, np.clip(np.where(PROBABILITIES == _MEDIAN, _MEDIAN, outwards), 0, 1)
    )
    return quantiles


@dataclass(frozen=True, slots=True, eq=False)
class Stacked:
    """Some series of one kind and some of another; ``second`` tells which, ``[series]``."""

    parts: tuple[Predictive, Predictive]
    second: NDArray[np.bool_]

    @property
    def mean(self) -> NDArray[np.float64]:
        """Expected demand."""
        return self._joined(self.parts[0].mean, self.parts[1].mean)

    @property
    def dispersion(self) -> NDArray[np.float64]:
        """Variance over mean."""
        return self._joined(self.parts[0].dispersion, self.parts[1].dispersion)

    def quantiles(self, levels: Sequence[float] = LEVELS) -> NDArray[np.float64]:
        """Give each series the quantiles of its own kind."""
        return self._joined(self.parts[0].quantiles(levels), self.parts[1].quantiles(levels))

    def scaled(self, factor: float | NDArray[np.float64]) -> Stacked:
        """Multiply all; a factor by period is shared by the series."""
        first, second = self.parts
        if isinstance(factor, np.ndarray) and factor.ndim > 1:
            return Stacked((first.scaled(factor[~self.second]), second.scaled(factor[self.second])), self.second)
        return Stacked((first.scaled(factor), second.scaled(factor)), self.second)

    def __getitem__(self, place: Place) -> Predictive:
        """Take one series, or some."""
        within = np.where(self.second, np.cumsum(self.second), np.cumsum(~self.second)) - 1
        if isinstance(place, int):
            return self.parts[int(self.second[place])][int(within[place])]
        second, number = self.second[place], within[place]
        return Stacked((self.parts[0][number[~second]], self.parts[1][number[second]]), second)

    def _joined(self, first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
        whole = np.empty((self.second.size, *first.shape[1:]))
        whole[~self.second], whole[self.second] = first, second
        return whole
