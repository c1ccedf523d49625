"""What happens to the trade from outside, drawn once per seed and the same for every policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from bench.closed_loop.catalogue import CONFIGURATIONS, MODELS, UPPER_TRIM_PREMIUM, VARIANTS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from bench.closed_loop.catalogue import Floats
    from bench.closed_loop.physics import Physics

FIRST_DAY: Final = date(2024, 1, 1)
"""A Monday, so that every seventh day is one."""
_KM_PER_YEAR: Final = 19_000.0
_KM_LOSS: Final = 0.025
_PULL_BACK: Final = 0.04
_WEEKDAYS: Final = np.array([0.8, 0.8, 0.85, 0.9, 1.15, 1.6, 0.9])
_PRICES: Final = np.array([model.price for model in MODELS])
_LOSSES: Final = np.array([model.loss for model in MODELS])


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """Tastes, traffic and price levels by day.

    ``wants`` is the share of a rooftop's visitors after each configuration, shape (rooftops, configurations);
    ``fashion`` the factor on a model's share, (days, models); ``traffic`` the mean visitors, (days,
    rooftops); ``level`` the log of a model's market price over its usual one, (days, models).
    """

    seed: int
    physics: Physics
    wants: Floats
    fashion: Floats
    traffic: Floats
    level: Floats

    def shares(self, day: int, rooftop: int) -> Floats:
        """Give the chance that a visitor of that day wants each configuration; sums to 1."""
        weights: Floats = self.wants[rooftop] * np.repeat(self.fashion[day], VARIANTS)
        total = weights.sum()
        return np.asarray(weights / total, dtype=np.float64)

    def market_value(self, configuration: ArrayLike, year: ArrayLike, km: ArrayLike, day: ArrayLike) -> Floats:
        """Give what the market asks for such a vehicle on a day, in USD, but for its equipment."""
        model = np.asarray(configuration, dtype=np.int64) // VARIANTS
        upper = np.asarray(configuration, dtype=np.int64) // 2 % 2
        years = age_years(year, day)
        excess = (np.asarray(km, dtype=np.float64) - _KM_PER_YEAR * years) / 10_000
        value: Floats = np.exp(
            np.log(_PRICES[model])
            + UPPER_TRIM_PREMIUM * upper
            - _LOSSES[model] * years
            - _KM_LOSS * excess
            + self.level[np.asarray(day, dtype=np.int64), model]
        )
        return value


def age_years(year: ArrayLike, day: ArrayLike) -> Floats:
    """Give a vehicle's age on a day by its model year."""
    years: Floats = FIRST_DAY.year - np.asarray(year, dtype=np.float64) + np.asarray(day) / 365.25
    return years


def calendar(day: int) -> date:
    """Give the date of a day of the simulation."""
    return FIRST_DAY + timedelta(days=int(day))


def draw_vehicle(configuration: int, day: int, rng: np.random.Generator) -> tuple[float, float]:
    """Draw the model year and odometer (km) of a vehicle of a configuration."""
    years = float(rng.integers(4, 7) if configuration % 2 else rng.integers(1, 4))
    year = calendar(day).year - years
    return year, _KM_PER_YEAR * float(age_years(year, day)) * float(rng.lognormal(0, 0.25))


def draw_conditions(seed: int, physics: Physics) -> Conditions:
    """Draw the world of a seed."""
    rng = np.random.default_rng([seed, 1])
    days, models = physics.days, len(MODELS)
    popularity = np.array([model.popularity for model in MODELS])
    by_model = popularity * rng.lognormal(0, 0.6, (physics.rooftops, models))
    wants = by_model[:, np.arange(CONFIGURATIONS) // VARIANTS] * rng.dirichlet(
        np.full(VARIANTS, 3.0), (physics.rooftops, models)
    ).reshape(physics.rooftops, CONFIGURATIONS)
    weeks = rng.gamma(1 / physics.visitors_spread**2, physics.visitors_spread**2, (days // 7, physics.rooftops))
    size = rng.lognormal(0, 0.12, physics.rooftops)
    traffic = physics.visitors_per_day * size * np.repeat(weeks, 7, axis=0)
    traffic *= _WEEKDAYS[np.arange(days) % 7, None] * _spring(days)[:, None]
    return Conditions(
        seed, physics, wants / wants.sum(axis=1, keepdims=True), _fashion(physics, rng), traffic, _level(physics, rng)
    )


def _spring(days: int) -> Floats:
    year = 2 * np.pi * np.arange(days) / 365.25
    lift: Floats = 1.0 + 0.12 * np.sin(year - 0.5)
    return lift


def _fashion(physics: Physics, rng: np.random.Generator) -> Floats:
    """Draw seasons, slow drifts, and breaks after which a model is wanted half or twice as much."""
    days, models = physics.days, len(MODELS)
    summer = np.array([model.summer for model in MODELS])
    season = -np.cos(2 * np.pi * (np.arange(days) - 15) / 365.25)[:, None] * summer
    drift = np.cumsum(rng.normal(0, 0.02, (days // 7, models)), axis=0).repeat(7, axis=0)
    breaks = rng.random((days, models)) < physics.trend_breaks_per_year / 365
    jumps = breaks * rng.normal(0, physics.trend_break, (days, models))
    fashion: Floats = np.exp(season + drift + np.cumsum(jumps, axis=0))
    return fashion


def _level(physics: Physics, rng: np.random.Generator) -> Floats:
    """Draw price levels: small steps, and competitors who cut or raise a model overnight."""
    days, models = physics.days, len(MODELS)
    steps = rng.normal(0, physics.level_volatility / np.sqrt(7), (days, models))
    moves = rng.random((days, models)) < physics.competitor_moves_per_year / 365
    steps += moves * rng.choice([-1.0, -1.0, 1.0], (days, models)) * physics.competitor_move
    level = np.zeros((days, models))
    for day in range(1, days):
        level[day] = level[day - 1] * (1 - _PULL_BACK / 7) + steps[day]
    return level
