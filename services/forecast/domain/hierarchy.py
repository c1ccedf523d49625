"""Gamma-Poisson hierarchy: segments borrow from their sisters, and the more they sold the less.

A rate is Gamma(shape, weeks); sales while on hand are Poisson, overdispersed by a factor. Old weeks are
forgotten exponentially (power discounting, Smith 1979), which keeps the gamma a gamma and so the
predictive a negative binomial. Levels: tenant, rooftop, condition, segment; each is the next one's prior.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.calendar import months_of
from services.forecast.domain.censoring import HALF_LIFE_WEEKS, forgetting
from services.forecast.domain.distribution import Predictive
from services.forecast.domain.prior import UNINFORMED, RatePrior
from services.forecast.domain.season import season_index

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel
    from services.forecast.domain.series import SegmentHistory

_PARENT_SEGMENTS = 4.0
"""How many sisters the parent's spread of rates counts as."""
_POOLED_UNITS = 5.0
_OWN_UNITS = 30.0
"""Units a segment must have sold before its own dispersion weighs as much as its sisters'."""
_SHAPES = (0.2, 20.0)
_MOST_DISPERSED = 10.0
_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed of one segment's rate after its sales: Gamma(shape, weeks), deseasonalised."""

    shape: float
    weeks: float
    dispersion: float
    season: tuple[float, ...]
    end: date

    @property
    def rate(self) -> float:
        """Unconstrained demand in an average month, units a week."""
        return self.shape / self.weeks

    def predict(self, horizon: int) -> Predictive:
        """Forecast ``horizon`` weeks from the history's end; the belief fades further with each."""
        season = np.asarray(self.season)[months_of(self.end, horizon)]
        mean = self.rate * season
        shape = self.shape * 0.5 ** (np.arange(1, horizon + 1) / HALF_LIFE_WEEKS)
        return Predictive(mean, self.dispersion + mean / shape)


def posterior(history: SegmentHistory, prior: RatePrior) -> Posterior:
    """Update a prior with one segment's sales and weeks on hand.

    An overdispersed week tells less than a Poisson one, hence the division by dispersion, as in a
    quasi-likelihood.
    """
    exposure = history.exposure * prior.season_of(months_of(history.first_week, history.weeks))
    sums = _Sums.of(history.sales[None, :], exposure[None, :])
    error, freedom = float(sums.error[0]), float(sums.freedom[0])
    dispersion = (error + _OWN_UNITS * prior.dispersion) / (freedom + _OWN_UNITS)
    dispersion = min(max(1.0, dispersion), _MOST_DISPERSED)
    return Posterior(
        shape=prior.shape + float(sums.units[0]) / dispersion,
        weeks=prior.weeks + float(sums.weeks[0]) / dispersion,
        dispersion=dispersion,
        season=prior.season,
        end=history.end,
    )


def level_prior(panel: Panel, parent: RatePrior | None = None) -> RatePrior:
    """Learn what a segment of this level is like from its series, and from the level above.

    Mean and spread of the rates by iterated moment matching (method of moments for random effects), the
    parent standing in as one more segment that has sold one unit. Without a parent, UNINFORMED.
    """
    above = parent or UNINFORMED
    base = np.asarray(above.season)
    if not panel.exposure.any():
        return above
    dispersion = _pooled_dispersion(_Sums.of(panel.sales, panel.exposure * base[panel.months]))
    season = season_index(panel, base, dispersion)
    sums = _Sums.of(panel.sales, panel.exposure * season[panel.months])
    dispersion = _pooled_dispersion(sums)

    seen = sums.weeks > 0
    weeks = np.append(sums.weeks[seen], 1.0 / above.mean)
    rates = np.append(sums.units[seen], 1.0) / weeks
    squared = np.append(sums.squared_weeks[seen], 1.0 / above.mean)
    mean, between = _moments(rates, dispersion * squared / weeks**2)
    spread = (rates.size * between / mean**2 + _PARENT_SEGMENTS / above.shape) / (rates.size + _PARENT_SEGMENTS)
    shape = min(max(1.0 / spread, _SHAPES[0]), _SHAPES[1])
    return RatePrior(shape, shape / mean, dispersion, tuple(season.tolist()))


def _moments(rates: NDArray[np.float64], noise: NDArray[np.float64]) -> tuple[float, float]:
    """Find mean and between-segment variance of rates whose sampling variance is ``noise`` x mean."""
    mean, between = float(rates.mean()), 0.0
    correction = rates.size / (rates.size - 1)
    for _ in range(_ROUNDS):
        precision = 1.0 / (between + noise * mean)
        precision /= precision.sum()
        mean = float(precision @ rates)
        excess = (rates - mean) ** 2 * correction - noise * mean
        between = max(0.0, float(precision @ excess))
    return mean, between


def _pooled_dispersion(sums: _Sums) -> float:
    """Estimate variance over mean of a week, common to all series, shrunk to Poisson where they are few."""
    pooled = float((sums.error.sum() + _POOLED_UNITS) / (sums.freedom.sum() + _POOLED_UNITS))
    return min(max(1.0, pooled), _MOST_DISPERSED)


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Sufficient statistics of each series under forgetting, shape ``[series]`` each."""

    units: NDArray[np.float64]
    weeks: NDArray[np.float64]
    squared_weeks: NDArray[np.float64]
    error: NDArray[np.float64]
    freedom: NDArray[np.float64]

    @classmethod
    def of(cls, sales: NDArray[np.float64], exposure: NDArray[np.float64]) -> _Sums:
        """Sum over weeks; both arguments ``[series, weeks]``, exposure already times the season."""
        weights = forgetting(sales.shape[1])
        units, weeks, squared = sales @ weights, exposure @ weights, exposure @ weights**2
        safe = np.where(weeks > 0, weeks, 1.0)
        rate = units / safe
        error = ((sales - rate[:, None] * exposure) ** 2) @ weights
        # a fitted rate takes up one effective observation: what is left of the expected squared error
        freedom = np.maximum(rate * (weeks - squared / safe), 0.0)
        return cls(units, weeks, squared, error, freedom)
