"""Fitting what draws shoppers to the lives of a tenant's units.

Sales in a unit-week are Poisson, and recent weeks count more. Shoppers of a shelf are gamma, around what its rooftop,
its segment and its market tell (:mod:`margins`), and units around the usual one (:mod:`frailty`); the effects of
price and age are drawn to the trade's figures by normal priors, the appeal by a lognormal one. They are found in turn
until they settle: shoppers and units in closed form, price and age by Newton's method with steps that never lower the
posterior of the units as they are, the appeal over a grid by the likelihood. Within a unit the price moves for the
age of the unit and by the store's hand, so that cuts tell of the price and not only of the car.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from services.recommend.domain.attraction.frailty import log_likelihood, qualities, standing
from services.recommend.domain.attraction.margins import Margins
from services.recommend.domain.attraction.model import Attraction, age_pull, price_pull
from services.recommend.domain.time_to_sale.newton import NotConverged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from services.recommend.domain.attraction.spells import Spells

    Floats = NDArray[np.float64]

LEAST_SALES: Final = 100
"""From fewer, price and age cannot be told apart from chance."""
_PRIOR: Final = np.array([9.0, 0.15])
_SPREADS: Final = np.array([4.0, 0.15])
"""Prior means and sds of elasticity and staleness."""
_PRECISION: Final = np.diag(_SPREADS**-2)
_APPEAL: Final = (0.2, 0.5)
"""Prior median, and sd of the logarithm."""
_APPEALS: Final = _APPEAL[0] * np.array([0.5, 0.75, 1.0, 1.5])
_SHELF_SHAPE: Final = 2.5
"""Of the gamma of a shelf's shoppers around its rooftop's and segment's: a third of shelves differ by 60 %."""
_HALF_LIFE_WEEKS: Final = 30.0
"""After so long, what was seen of a shelf counts half: tastes move."""
_MOST_ROUNDS: Final = 100
_TOLERANCE: Final = 1e-3
"""Of a prior sd for the effects, of themselves for the shoppers: far within what the sales can tell."""
_LEAST_STEP: Final = 1e-6
_ANY_SHOPPERS: Final = 0.1
"""Where the search starts."""
_LEAST_RATE: Final = 1e-6
_DAYS_PER_WEEK: Final = 7.0


@dataclass(frozen=True, slots=True)
class _Fitted:
    effects: Floats
    precision: Floats
    shoppers: Floats
    qualities: Floats
    expected: Floats
    log_posterior: float


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """Unit-weeks at an appeal: sales, how much each week counts, and how price and 30 days of age lower the log."""

    spells: Spells
    appeal: float
    sold: Floats
    recent: Floats
    columns: Floats

    @classmethod
    def of(cls, spells: Spells, appeal: float) -> _Seen:
        falls = -np.log(price_pull(spells.price_to_market, 1.0)), -np.log(age_pull(spells.age, 1.0))
        recent = 0.5 ** ((spells.weeks - 1 - spells.week) / _HALF_LIFE_WEEKS)
        return cls(spells, appeal, spells.sold.astype(np.float64), recent, np.column_stack(falls))

    def by_shelf(self, counted: Floats) -> Floats:
        """Add up what counts of each shelf."""
        return np.bincount(self.spells.shelf, counted * self.recent, len(self.spells.shelves)).astype(np.float64)

    def log_posterior(self, mean: Floats, effects: Floats) -> float:
        """Give the log posterior of the effects with the sales that they expect."""
        away = effects - _PRIOR
        rate = np.maximum(mean / self.spells.days, _LEAST_RATE)
        told = self.recent * (self.sold * np.log(rate) - mean)
        return float(told.sum()) - 0.5 * float(away @ _PRECISION @ away)


def fit(spells: Spells, sold_per_day: Mapping[tuple[str, str], float] | None = None) -> Attraction | None:
    """Fit the model, or give nothing for fewer than ``LEAST_SALES`` sales; the same spells give the same model.

    ``sold_per_day`` are the market's sales by shelf (dealer id and segment), as far as they are known.

    Raises:
        NotConverged: if it did not settle, or where dearer units sold sooner than cheaper ones.
    """
    sales = int(spells.sold.sum())
    if sales < LEAST_SALES:
        return None
    margins = Margins.of(spells.shelves, sold_per_day or {})
    found: list[tuple[_Fitted, float]] = []
    failed: NotConverged | None = None
    for appeal in _APPEALS:
        try:
            start = found[-1][0] if found else None
            found.append((_fit_at(spells, margins, float(appeal), start), float(appeal)))
        except NotConverged as error:
            failed = error
    if failed and not found:
        raise failed
    best, appeal = max(found, key=lambda each: each[0].log_posterior)
    elasticity, staleness = best.effects.tolist()
    if elasticity <= 0:
        message = f"dearer units sold sooner than cheaper ones (elasticity {elasticity:.1f}, {sales} sales)"
        raise NotConverged(message)
    return Attraction(
        appeal=appeal,
        elasticity=elasticity,
        elasticity_sd=float(np.sqrt(np.linalg.inv(best.precision)[0, 0])),
        staleness=max(0.0, staleness),
        shoppers=dict(zip(spells.shelves, best.shoppers.tolist(), strict=True)),
        by_rooftop=_named(0, spells, margins.by_rooftop(best.shoppers)),
        by_segment=_named(1, spells, margins.by_segment(best.shoppers)),
        usual=float(best.shoppers.mean()),
        sales=sales,
        qualities=standing(spells, best.expected),
    )


def _named(part: int, spells: Spells, means: Floats) -> dict[str, float]:
    return {shelf[part]: mean for shelf, mean in zip(spells.shelves, means.tolist(), strict=True)}


def _fit_at(spells: Spells, margins: Margins, appeal: float, start: _Fitted | None) -> _Fitted:
    """Fit all but the appeal, from where another appeal's fit settled."""
    seen = _Seen.of(spells, appeal)
    effects = _PRIOR if start is None else start.effects
    shoppers = np.full(len(spells.shelves), _ANY_SHOPPERS) if start is None else start.shoppers
    quality = np.ones(len(spells.units)) if start is None else start.qualities
    counted = seen.by_shelf(seen.sold)
    for _ in range(_MOST_ROUNDS):
        share, falls = _shares(seen, effects, quality)
        before, expected = shoppers, margins.expected(shoppers)
        shoppers = (_SHELF_SHAPE + counted) / (_SHELF_SHAPE / expected + seen.by_shelf(share * spells.days))
        mean = shoppers[spells.shelf] * share * spells.days
        precision = (falls * (mean * seen.recent)[:, None]).T @ falls + _PRECISION
        slope = falls.T @ ((mean - seen.sold) * seen.recent) - _PRECISION @ (effects - _PRIOR)
        step = _damped(seen, shoppers, quality, effects, np.linalg.solve(precision, slope), mean)
        effects = effects + step
        share, _ = _shares(seen, effects, quality)
        usual = shoppers[spells.shelf] * share * spells.days / quality[spells.unit]
        quality = qualities(spells, seen.sold, usual)
        still = np.allclose(shoppers, before, rtol=_TOLERANCE, atol=0.0)
        if still and (np.abs(step) < _TOLERANCE * _SPREADS).all():
            told = log_likelihood(spells, seen.sold, usual, seen.recent) + _log_prior(effects, appeal)
            return _Fitted(effects, precision, shoppers, quality, usual, told)
    message = f"shoppers and the effect of price did not settle in {_MOST_ROUNDS} rounds at appeal {appeal}"
    raise NotConverged(message)


def _log_prior(effects: Floats, appeal: float) -> float:
    away = effects - _PRIOR
    return -0.5 * float(away @ _PRECISION @ away) - 0.5 * float((np.log(appeal / _APPEAL[0]) / _APPEAL[1]) ** 2)


def _damped(seen: _Seen, shoppers: Floats, quality: Floats, effects: Floats, step: Floats, mean: Floats) -> Floats:
    """Halve a step until it lowers the log posterior no more; gives it, or none."""
    spells, value = seen.spells, seen.log_posterior(mean, effects)
    while (np.abs(step) > _LEAST_STEP * _SPREADS).any():
        share, _ = _shares(seen, effects + step, quality)
        reached = seen.log_posterior(shoppers[spells.shelf] * share * spells.days, effects + step)
        if reached >= value:
            return step
        step = step / 2.0
    return np.zeros(step.size)


def _shares(seen: _Seen, effects: Floats, quality: Floats) -> tuple[Floats, Floats]:
    """Give which share of a shelf's shoppers each unit-week draws, and how its log falls with each effect.

    The pulls of all on the shelf that week are by unit-days; what makes a unit dearer makes its neighbours cheaper
    beside it, so that the fall is that of its own pull less the shelf's mean fall, going elsewhere included.
    """
    spells = seen.spells
    size = len(spells.shelves) * spells.weeks
    place = np.ravel_multi_index((spells.shelf, spells.week), (len(spells.shelves), spells.weeks))
    pull = quality[spells.unit] * seen.appeal * np.exp(-seen.columns @ effects)
    standing = pull * spells.days / _DAYS_PER_WEEK
    among = 1.0 + np.bincount(place, standing, size)[place]
    means = [np.bincount(place, standing * column, size)[place] / among for column in seen.columns.T]
    return pull / among, seen.columns - np.column_stack(means)
