"""Seasonal indices of each series, shrunk to those its sisters share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel

_HALF_LIFE_SEASONS = 3.0
_LEAST_SEASONS = 2.0
_STEEPEST = 4.0
_FLOOR = 0.05
_PRIOR_NOISE = 0.01
_ROOT_SHIFT = 0.375
"""Anscombe's constant: square roots of counts shifted by it have nearly one variance."""


@dataclass(frozen=True, slots=True, eq=False)
class _Deviations:
    """Ratios to (or differences from) a centred moving average, with their weights, ``[series, inner]``."""

    deviation: NDArray[np.float64]
    weight: NDArray[np.float64]
    phases: NDArray[np.float64]

    def by_phase(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Average deviations by phase, with the sampling variance of an average; ``[series, phases]``."""
        mass = self.weight @ self.phases
        safe = np.where(mass > 0, mass, 1.0)
        average = (self.weight * self.deviation) @ self.phases / safe
        left = self.deviation - average @ self.phases.T
        total = self.weight.sum(axis=1, keepdims=True)
        counts = np.maximum(total**2 / np.maximum((self.weight**2).sum(axis=1, keepdims=True), 1e-12), 1.0)
        freedom = np.maximum(1.0 - self.phases.shape[1] / counts, 0.25)
        variance = (self.weight * left**2).sum(axis=1, keepdims=True) / np.maximum(total, 1e-12) / freedom
        share = mass / np.maximum(total, 1e-12)
        noise = np.where(mass > 0, variance / np.maximum(counts * share, 1e-9), np.inf)
        return np.where(mass > 0, average, np.nan), noise


def ratio_indices(panel: Panel) -> NDArray[np.float64]:
    """Estimate multiplicative indices with mean 1 by ratio to moving average, ``[series, phases]``.

    Own ratios are shrunk to the panel's common ones by empirical Bayes: far where a series is noisy, little
    where the seasons of the series differ. All 1 where no series spans two seasons.
    """
    found = _deviations(panel, panel.demand, ratio=True)
    if found is None:
        return np.ones((panel.size, panel.frequency.phases))
    own, noise = found.by_phase()
    known = np.isfinite(own) & np.isfinite(noise)
    own, noise = np.where(known, own, 1.0), np.where(known, noise, np.inf)
    precision = np.where(known, 1.0 / (noise + _PRIOR_NOISE), 0.0)
    mass = precision.sum(axis=0)
    pooled = np.where(mass > 0, (precision * own).sum(axis=0) / np.maximum(mass, 1e-12), 1.0)
    excess = np.where(known, (own - pooled) ** 2 - noise, 0.0)
    between = max(float((precision * excess).sum() / max(precision.sum(), 1e-12)), 0.0)
    alone = panel.size == 1
    if alone:  # nobody to borrow from: shrink to no season instead
        pooled = np.ones_like(pooled)
        between = max(float(np.where(known, (own - 1.0) ** 2 - noise, 0.0).sum() / max(known.sum(), 1)), 0.0)
    weight = between / (between + np.where(known, noise, np.inf)) if between > 0 else np.zeros_like(own)
    index = np.maximum(pooled + weight * (own - pooled), _FLOOR)
    normed: NDArray[np.float64] = index / index.mean(axis=1, keepdims=True)
    return normed


def root_indices(panel: Panel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give square roots of demand and their additive indices: ``[series, periods]``, ``[series, phases]``."""
    roots = np.sqrt(panel.demand + _ROOT_SHIFT)
    found = _deviations(panel, roots, ratio=False)
    if found is None:
        return roots, np.zeros((panel.size, panel.frequency.phases))
    own, noise = found.by_phase()
    known = np.isfinite(own) & np.isfinite(noise)
    own, noise = np.where(known, own, 0.0), np.where(known, noise, 0.0)
    size = np.maximum((own**2).mean(axis=1, keepdims=True), 1e-12)
    own = (own - own.mean(axis=1, keepdims=True)) * np.clip(1.0 - noise / size, 0.0, 1.0)
    return roots, own


def squared(roots: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn forecasts of square roots back into units."""
    units: NDArray[np.float64] = np.maximum(np.maximum(roots, 0.0) ** 2 - _ROOT_SHIFT, 0.0)
    return units


def _deviations(panel: Panel, series: NDArray[np.float64], *, ratio: bool) -> _Deviations | None:
    """Compare each period with the average of the season around it; None where history is too short."""
    season = panel.frequency.season_length
    if season == 1 or panel.periods < _LEAST_SEASONS * season:
        return None
    half = season // 2
    sums = np.cumsum(np.pad(series, ((0, 0), (1, 0))), axis=1)
    windows = (sums[:, season:] - sums[:, :-season]) / season
    centred = (windows[:, 1:] + windows[:, :-1]) / 2 if season % 2 == 0 else windows
    inner = np.arange(half, half + centred.shape[1])
    middle = series[:, half : half + centred.shape[1]]
    full = inner >= panel.began[:, None] + half
    weight = 0.5 ** ((inner[-1] - inner) / (season * _HALF_LIFE_SEASONS)) * full
    phases = np.eye(panel.frequency.phases)[panel.phases[inner]]
    if not ratio:
        return _Deviations(np.where(full, middle - centred, 0.0), weight, phases)
    seen = full & (centred > _FLOOR * series.mean(axis=1, keepdims=True)) & (centred > 0)
    shares = np.divide(middle, centred, out=np.ones_like(middle), where=seen)
    return _Deviations(np.minimum(shares, _STEEPEST), weight * seen, phases)
