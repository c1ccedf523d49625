"""Gamma-Poisson hierarchy: segments borrow from their sisters, and the more they sold the less.

A rate is Gamma(shape, weeks); sales while on hand are Poisson, overdispersed by a factor. Old weeks are
forgotten exponentially (power discounting, Smith 1979), which keeps the gamma a gamma and so the
predictive a negative binomial. Levels: tenant, rooftop, condition, segment; each is the next one's prior.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.censoring import HALF_LIFE_WEEKS, forgetting
from services.forecast.domain.distribution import NegativeBinomial
from services.forecast.domain.frequency import Frequency
from services.forecast.domain.prior import UNINFORMED, RatePrior
from services.forecast.domain.season import season_index

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel

_PARENT_SEGMENTS = 4.0
"""How many sisters the parent's spread of rates counts as."""
_POOLED_UNITS = 5.0
_OWN_UNITS = 30.0
"""Units a segment must have sold before its own dispersion weighs as much as its sisters'."""
_SHAPES = (0.2, 20.0)
_MOST_DISPERSED = 10.0
_ROUNDS = 12
_HALF_LIFE_DAYS = 91.0
_LEAST_HALF_LIFE = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """What is believed of each segment's rate after its sales: Gamma(shape, weeks), deseasonalised.

    ``shape``, ``weeks``, ``dispersion``: ``[series]``; ``season``: ``[series, phases]``.
    """

    shape: NDArray[np.float64]
    weeks: NDArray[np.float64]
    dispersion: NDArray[np.float64]
    season: NDArray[np.float64]
    panel: Panel

    @property
    def rate(self) -> NDArray[np.float64]:
        """Unconstrained demand in an average month, units a week."""
        return self.shape / self.weeks

    def predict(self, horizon: int) -> NegativeBinomial:
        """Forecast from the panel's end; the belief fades further with each period."""
        mean = self.rate[:, None] * self.season[:, self.panel.phases_ahead(horizon)]
        fading = 0.5 ** (np.arange(1, horizon + 1) / half_life(self.panel))
        return NegativeBinomial(mean, self.dispersion[:, None] + mean / (self.shape[:, None] * fading))


def half_life(panel: Panel) -> float:
    """Give the periods after which a sale counts half: half a year, a quarter for days."""
    if panel.frequency is Frequency.DAY:
        return _HALF_LIFE_DAYS
    return max(HALF_LIFE_WEEKS * panel.frequency.season_length / Frequency.WEEK.season_length, _LEAST_HALF_LIFE)


def posterior(panel: Panel, rows: NDArray[np.int64], priors: Sequence[RatePrior]) -> Posterior:
    """Update a prior each with the sales and time on hand of the series ``rows``.

    An overdispersed week tells less than a Poisson one, hence the division by dispersion, as in a
    quasi-likelihood.
    """
    chosen = panel.rows(rows)
    shape, weeks, common = np.array([(each.shape, each.weeks, each.dispersion) for each in priors]).reshape(-1, 3).T
    season = np.array([_season(each, panel) for each in priors]).reshape(chosen.size, -1)
    exposure = chosen.exposure * season[:, panel.phases] * panel.calendar_index
    sums = _Sums.of(chosen.values, exposure, half_life(panel))
    dispersion = (sums.error + _OWN_UNITS * common) / (sums.freedom + _OWN_UNITS)
    dispersion = np.clip(dispersion, 1.0, _MOST_DISPERSED)
    return Posterior(
        shape=shape + sums.units / dispersion,
        weeks=weeks + sums.weeks / dispersion,
        dispersion=dispersion,
        season=season,
        panel=chosen,
    )


def priors_of(panel: Panel) -> list[RatePrior]:
    """Learn each series' prior down the levels of its group, with what the market suggests added."""
    learned = levels_of(panel)
    on_hand = panel.exposure.sum(axis=1)
    return [
        learned[group].with_market(panel.markets.get(name), float(time))
        for group, name, time in zip(panel.groups, panel.names, on_hand, strict=True)
    ]


def levels_of(panel: Panel) -> dict[str, RatePrior]:
    """Learn what the groups of a panel are like, each by its path, "" for all.

    The level above the panel teaches the rooftop, the rooftop its conditions, a condition its bodies; each the
    season that its like at other rooftops have, where that is known.
    """
    lent = shared_seasons(panel.sisters)
    learned = {"": level_prior(panel, _in_season(panel.above or UNINFORMED, lent, ""))}
    for group in sorted(set(panel.groups)):
        parts = group.split("/") if group else []
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            if path not in learned:
                parent = _in_season(learned["/".join(parts[: depth - 1])], lent, path)
                learned[path] = _group_prior(panel, path, parent, known=path in lent)
    return learned


def shared_seasons(sisters: Panel | None) -> dict[str, tuple[float, ...]]:
    """Learn each group's season from the series of other rooftops, "" for all together.

    The indices are those of ``RatePrior.season``, drawn to the wider group's as far as sales are few. Empty where
    no sister is known for a whole season.
    """
    if sisters is None or sisters.periods < sisters.frequency.season_length:
        return {}
    return {path: prior.season for path, prior in levels_of(sisters).items()}


def _in_season(prior: RatePrior, lent: Mapping[str, tuple[float, ...]], path: str) -> RatePrior:
    return replace(prior, season=lent[path]) if path in lent else prior


def _group_prior(panel: Panel, path: str, parent: RatePrior, *, known: bool) -> RatePrior:
    """Learn a group's prior; a group of all the panel's series is its parent, unless its own season is known."""
    members = [row for row, group in enumerate(panel.groups) if f"{group}/".startswith(f"{path}/")]
    return parent if not known and len(members) == panel.size else level_prior(panel.rows(members), parent)


def level_prior(panel: Panel, parent: RatePrior | None = None) -> RatePrior:
    """Learn what a segment of this level is like from its series, and from the level above.

    Mean and spread of the rates by iterated moment matching (method of moments for random effects), the
    parent standing in as one more segment that has sold one unit. Without a parent, UNINFORMED.
    """
    above = parent or UNINFORMED
    base = _season(above, panel)
    if not panel.exposure.any():
        return above
    fading, on_hand = half_life(panel), panel.exposure * panel.calendar_index
    dispersion = _pooled_dispersion(_Sums.of(panel.values, on_hand * base[panel.phases], fading))
    season = season_index(panel, base, dispersion)
    sums = _Sums.of(panel.values, on_hand * season[panel.phases], fading)
    dispersion = _pooled_dispersion(sums)

    seen = sums.weeks > 0
    weeks = np.append(sums.weeks[seen], 1.0 / above.mean)
    rates = np.append(sums.units[seen], 1.0) / weeks
    squared = np.append(sums.squared_weeks[seen], 1.0 / above.mean)
    mean, between = _moments(rates, dispersion * squared / weeks**2)
    spread = (rates.size * between / mean**2 + _PARENT_SEGMENTS / above.shape) / (rates.size + _PARENT_SEGMENTS)
    shape = min(max(1.0 / spread, _SHAPES[0]), _SHAPES[1])
    return RatePrior(shape, shape / mean, dispersion, tuple(season.tolist()))


def _season(prior: RatePrior, panel: Panel) -> NDArray[np.float64]:
    """Give a prior's indices in the phases of a panel; 1 where it speaks of another kind of period."""
    phases = panel.frequency.phases
    return np.asarray(prior.season) if len(prior.season) == phases else np.ones(phases)


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
    def of(cls, sales: NDArray[np.float64], exposure: NDArray[np.float64], half_life: float) -> _Sums:
        """Sum over periods; both arrays ``[series, periods]``, exposure already times the season."""
        weights = forgetting(sales.shape[1], half_life)
        units, weeks, squared = sales @ weights, exposure @ weights, exposure @ weights**2
        safe = np.where(weeks > 0, weeks, 1.0)
        rate = units / safe
        error = ((sales - rate[:, None] * exposure) ** 2) @ weights
        # a fitted rate takes up one effective observation: what is left of the expected squared error
        freedom = np.maximum(rate * (weeks - squared / safe), 0.0)
        return cls(units, weeks, squared, error, freedom)
