"""How sure: the chance that advice on a car turns out better for that car than what it is held against.

Drawn, from a fixed seed, are the pace of sale (lognormal; apart for another store), the market price, the
price elasticity (sd 35 % in log), the wholesale price (sd 6 % on top of the market's) and the day on which this
one car's customer comes. Both courses see the same draws, so that what they share cancels. It is what a manager
can count afterwards: of so many such calls, so many turned out better. The value is a mean, and few long stays
weigh heavily in it; so advice worth following can have less than an even chance, as an insurance has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, log_ndtr, logit

from services.recommend.domain.actions import Action
from services.recommend.domain.value import Draws, evaluate_draws, exit_draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.recommend.domain.parameters import Parameters
    from services.recommend.domain.time_to_sale import Floats
    from services.recommend.domain.units.cases import UnitCase
    from services.recommend.domain.units.courses import Course

DRAWS = 256
SEED = 20_240_229
WATCHED_DAYS = 60
"""Feedback watches a unit for so long."""
_LEAST, _MOST = 0.01, 0.99


def make_draws(count: int = DRAWS, seed: int = SEED) -> Draws:
    """Give standard normal draws, mirrored so that their means are zero; the same for the same seed."""
    half = np.random.default_rng(seed).standard_normal((8, count // 2))
    full = np.concatenate([half, -half], axis=1)
    return Draws(rate=full[0:2], market=full[2:4], elasticity=full[4], exit=full[5], patience=-log_ndtr(full[6:8]))


def confidences(pairs: Sequence[tuple[Course, Course]], draws: Draws) -> list[float]:
    """Give for each pair the chance that the first course brings more than the second, effects on others included.

    Courses that bring the same, as where neither sells within the horizon, count as half.
    """
    if not pairs:
        return []
    advised = _nets([first for first, _ in pairs], draws)
    held_against = _nets([second for _, second in pairs], draws)
    better = (advised > held_against) + 0.5 * (advised == held_against)
    learned = [learned_shift(course.action, rival.appraisal.rooftop.parameters) for course, rival in pairs]
    return [within_limits(_shifted(float(np.mean(row)), shift)) for row, shift in zip(better, learned, strict=True)]


def call_confidences(cases: Sequence[UnitCase], draws: Draws) -> list[float]:
    """Give for each case the chance that it is called right if nothing is done, before any correction.

    It is called as feedback calls it, ``WATCHED_DAYS`` after: right where what the unit brought by then, over what
    doing nothing was expected to net, is less than the value told. One that still stands has cost its days and no
    more, which favours the call: so how often calls come out right is held against this and not against confidence.
    """
    if not cases:
        return []
    kept = [case.baseline for case in cases]
    settings = [course.appraisal.setting for course in kept]
    prices = np.array([course.price or course.appraisal.price for course in kept])
    nets = evaluate_draws(settings, prices, draws)
    held = np.array([[setting.holding_per_day * WATCHED_DAYS] for setting in settings])
    cash = np.array([[each.retail_cash(price)] for each, price in zip(settings, prices.tolist(), strict=True)])
    expected = np.array([[case.yardstick.net] for case in cases])
    observed = np.where(nets < cash - held, -held, nets - expected)
    right = observed < np.array([[case.value] for case in cases])
    return [within_limits(float(row.mean())) for row in right]


def learned_shift(action: Action, parameters: Parameters) -> float:
    """Give what the outcomes of the rooftop where the unit stands taught of how often such calls prove right."""
    return {
        Action.REPRICE: parameters.confidence_reprice,
        Action.TRANSFER: parameters.confidence_transfer,
        Action.WHOLESALE: parameters.confidence_wholesale,
    }.get(action, 0.0)


def _shifted(probability: float, shift: float) -> float:
    return float(expit(logit(within_limits(probability)) + shift))


def _nets(courses: Sequence[Course], draws: Draws) -> Floats:
    settings = [course.appraisal.setting for course in courses]
    prices = np.array([course.price or course.appraisal.price for course in courses])
    leaving = np.array([course.action is Action.WHOLESALE for course in courses])
    nets: Floats = np.where(leaving[:, None], exit_draws(settings, draws), evaluate_draws(settings, prices, draws))
    nets += np.array([course.effects.total for course in courses])[:, None]
    return nets


def within_limits(probability: float) -> float:
    """Keep a probability from certainty, which no estimate of this kind has, and to what its draws can tell."""
    return round(min(_MOST, max(_LEAST, probability)), 3)
