"""Learning what the calendar does to all series together, and whether that helps at all."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.calendar_effect import NO_EFFECT, USUAL, Calendar, CalendarEffect, features
from services.forecast.domain.frequency import Frequency

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel

_LEAST_SEASONS = {Frequency.DAY: 12.0, Frequency.WEEK: 1.25, Frequency.MONTH: 3.0, Frequency.QUARTER: 5.0}
_NEIGHBOURS = 6.0
_TRAINED_FIRST, _FOLDS = 0.5, 4
_LUCK = 1.0
_BOUNDS = 1.5
_RIDGE = 4.0
"""Prior precision: an elasticity of one is plausible before any data, one of three is not."""


def learn_effect(panel: Panel, calendars: Sequence[Calendar] = (USUAL,)) -> CalendarEffect:
    """Learn the calendar's effect on all series together; NO_EFFECT unless one forecast better than none.

    Tested on the later half of the past, each quarter of it forecast from what lay before: the mean gain in
    squared error must exceed its standard error over periods, since all series share one calendar. Of several
    ``calendars`` each has to gain as much over the best before it.
    """
    seasons = panel.periods / panel.frequency.season_length
    least = _LEAST_SEASONS.get(panel.frequency)
    if least is None or seasons < least or not panel.values.any():
        return NO_EFFECT
    residual, weight = _residuals(panel)
    moment, mass = (weight * residual).sum(axis=0), weight.sum(axis=0)
    best, best_gain = NO_EFFECT, np.zeros(1)
    for calendar in calendars:
        x = features(panel.frequency, panel.first, panel.periods, calendar)
        gain = _gain(x, moment, mass)
        over = gain - best_gain
        if over.mean() > _LUCK * over.std() / np.sqrt(over.size):
            best = CalendarEffect(tuple(_coefficients(x, moment, mass).tolist()), calendar)
            best_gain = gain
    return best


def known_before(panel: Panel, periods_back: int) -> Panel:
    """Cut a panel back to what was known then: the calendar's effect too is learned anew from what lay before.

    An effect learned from the periods that are to be forecast would make errors look smaller than they will be.
    """
    past = panel.before(periods_back)
    return replace(past, effect=learn_effect(past, (panel.effect.calendar,))) if panel.effect.coefficients else past


def _gain(x: NDArray[np.float64], moment: NDArray[np.float64], mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give by how much each period of the later half was forecast better with the features than without."""
    edges = np.linspace(_TRAINED_FIRST * len(x), len(x), _FOLDS + 1).astype(int)
    gains = []
    for begin, end in pairwise(edges.tolist()):
        known = _coefficients(x[:begin], moment[:begin], mass[:begin])
        fitted = x[begin:end] @ known
        gains.append(2 * moment[begin:end] * fitted - mass[begin:end] * fitted**2)
    return np.concatenate(gains)


def _coefficients(
    x: NDArray[np.float64], moment: NDArray[np.float64], mass: NDArray[np.float64]
) -> NDArray[np.float64]:
    normal = (x * mass[:, None]).T @ x + _RIDGE * np.eye(x.shape[1])
    return np.clip(np.linalg.solve(normal, x.T @ moment), -_BOUNDS, _BOUNDS)


def _residuals(panel: Panel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give relative deviations from local level and season, and what each is worth; ``[series, periods]``.

    A deviation is worth its expectation over its series' variance-to-mean ratio, as in a quasi-likelihood.
    """
    ages = np.arange(panel.periods)
    kernel = 0.5 ** (np.abs(ages[:, None] - ages[None, :]) / _NEIGHBOURS)
    lasting = (ages >= panel.began[:, None]) & (panel.exposure > 0)
    on_hand = panel.exposure @ kernel
    level = np.divide(panel.values @ kernel, on_hand, out=np.zeros_like(on_hand), where=on_hand > 0) * panel.exposure
    lasting &= level > 0
    safe = np.where(lasting, level, 1.0)
    phases = np.eye(panel.frequency.phases)[panel.phases]
    seen = np.where(lasting, panel.values, 0.0) @ phases
    expected = np.where(lasting, level, 0.0) @ phases
    season = np.divide(seen, expected, out=np.ones_like(seen), where=expected > 0)
    own = (panel.frequency is not Frequency.WEEK) * (season - 1.0) + 1.0
    safe = np.maximum(safe * own[:, panel.phases], 1e-9)
    residual = np.where(lasting, panel.values / safe - 1.0, 0.0)
    ratio = np.where(lasting, safe * residual**2, 0.0).sum(axis=1) / np.maximum(lasting.sum(axis=1), 1)
    weight = np.where(lasting, safe, 0.0) / np.maximum(ratio, 1.0)[:, None]
    return np.clip(residual, -1.0, 3.0), weight
