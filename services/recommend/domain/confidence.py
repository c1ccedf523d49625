"""How sure: the chance that advice on a car turns out better for that car than what it is held against.

Drawn, from a fixed seed, are the pace of sale (lognormal; apart for another store), the market price, the
price elasticity (sd 35 % in log), the wholesale price (sd 6 % on top of the market's) and the day on which this
one car's customer comes. Both courses see the same draws, so that what they share cancels. It is what a manager
can count afterwards: of so many such calls, so many turned out better. The value is a mean, and few long stays
weigh heavily in it; so advice worth following can have less than an even chance, as an insurance has.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, log_ndtr, logit, ndtr, ndtri

from services.recommend.domain.actions import Action
from services.recommend.domain.book import is_new
from services.recommend.domain.newsvendor import later_sales
from services.recommend.domain.stock_position import economics
from services.recommend.domain.value import Draws, evaluate_draws, exit_draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.recommend.domain.courses import Course
    from services.recommend.domain.parameters import Parameters
    from services.recommend.domain.shelf_value import ShelfValue
    from services.recommend.domain.stocking import Purchase
    from services.recommend.domain.time_to_sale import Floats

DRAWS = 256
_SEED = 20_240_229
_DEAL_SD = 0.05
"""Spread of a single deal's gross, as a share of the retail price."""
_DEMAND_MODEL_VARIANCE = 0.04
_LEAST, _MOST = 0.01, 0.99
"""No estimate of this kind is certain."""
_QUANTILES = ndtri((np.arange(11) + 0.5) / 11)


def make_draws(count: int = DRAWS, seed: int = _SEED) -> Draws:
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
    learned = [_learned_shift(course.action, rival.appraisal.rooftop.parameters) for course, rival in pairs]
    return [_within_limits(_shifted(float(np.mean(row)), shift)) for row, shift in zip(better, learned, strict=True)]


def _learned_shift(action: Action, parameters: Parameters) -> float:
    """Give what the outcomes of the rooftop where the unit stands taught of how often such calls prove right."""
    return {
        Action.REPRICE: parameters.confidence_reprice,
        Action.TRANSFER: parameters.confidence_transfer,
        Action.WHOLESALE: parameters.confidence_wholesale,
    }.get(action, 0.0)


def _shifted(probability: float, shift: float) -> float:
    return float(expit(logit(_within_limits(probability)) + shift))


def _nets(courses: Sequence[Course], draws: Draws) -> Floats:
    settings = [course.appraisal.setting for course in courses]
    prices = np.array([course.price or course.appraisal.price for course in courses])
    leaving = np.array([course.action is Action.WHOLESALE for course in courses])
    nets: Floats = np.where(leaving[:, None], exit_draws(settings, draws), evaluate_draws(settings, prices, draws))
    nets += np.array([course.effects.total for course in courses])[:, None]
    return nets


def purchase_confidence(purchase: Purchase) -> float:
    """Give the probability that buying is worth it, over the demand rate and the gross.

    The rate's log sd falls with the segment's sales, and is wider where the forecast's own ranges have proved too
    narrow (:func:`_widening`); the gross has the spread of single deals over the square
    root of the deals seen, and a tenth for change since. The rate is taken at eleven quantiles; at each of
    them the value is linear in the gross, so that its probability of being above 0 is exact. Where the shoppers
    were learned it is their rate, and the forecast's ranges say nothing of it.
    """
    position, gross = purchase.position, purchase.position.gross
    known = math.sqrt(_DEMAND_MODEL_VARIANCE + 1 / (position.demand.units_sold + 1))
    earned = gross.front + gross.back
    gross_sd = math.hypot(_DEAL_SD * gross.retail / math.sqrt(gross.n + 1), 0.1 * earned)
    if position.shelf is not None:
        return _within_limits(_shelf_chance(position.shelf, purchase, np.exp(known * _QUANTILES), gross_sd))
    scale = np.exp(known * _widening(position.demand.coverage80) * _QUANTILES)
    there = max(0, purchase.available)
    added = later_sales(
        there,
        position.lead_mean * scale,
        position.after_mean * scale,
        position.demand.dispersion,
        purchase.quantity,
        position.growth(there + purchase.quantity),
    )
    per_day, new = position.holding.per_day, is_new(position.segment)
    chances = []
    for chance, factor in zip(added, scale, strict=True):
        daily = position.demand_per_day * float(factor)
        worth = economics(gross, per_day, daily, position.rooftop, new=new)
        value = float((chance * worth.underage - (1 - chance) * worth.overage).sum())
        spread = gross_sd * worth.kept * float(chance.sum())
        chances.append(float(ndtr(value / max(spread, 1e-9))))
    return _within_limits(sum(chances) / len(chances))


def _shelf_chance(shelf: ShelfValue, purchase: Purchase, scale: Floats, gross_sd: float) -> float:
    """Give the probability that units bring more than nothing, over the rate of shoppers and the gross."""
    available, count = purchase.available, purchase.quantity
    chances = []
    for factor in scale:
        value = float(shelf.marginal(available, count, float(factor)).sum())
        spread = gross_sd * float(shelf.prospects(available, count, float(factor)).added.sum())
        chances.append(float(ndtr(value / max(spread, 1e-9))))
    return sum(chances) / len(chances)


def _widening(coverage80: float | None) -> float:
    """Give by how much a normal range of 80 % would have to be wider to have held 80 % of past weeks; 1 to 2.

    Ranges that proved too wide are left so: whole cars are coarse, and few weeks inside prove little.
    """
    if coverage80 is None:
        return 1.0
    held = float(ndtri((1 + min(max(coverage80, _LEAST), _MOST)) / 2))
    return min(2.0, max(1.0, float(ndtri(0.9)) / held))


def _within_limits(probability: float) -> float:
    return min(_MOST, max(_LEAST, probability))
