"""One trial: fit on some histories, ask of others, score the model beside what it has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from bench.time_to_sale.histories import History, Questions, came_by, lives_of, questions_of
from bench.time_to_sale.scores import HORIZON, Scores, kaplan_meier, score
from services.recommend.domain.time_to_sale import (
    LN2,
    HazardModel,
    UnitFeatures,
    exposure,
    fit,
    price_effect,
    survival,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FOLDS = 5
METHODS = ("fitted", "prior alone", "parameters", "Kaplan-Meier")
_MEDIAN_USED, _MEDIAN_NEW, _ELASTICITY, _STALENESS = 32.0, 50.0, 8.0, 0.1


def by_unit(histories: Sequence[History], since: date = date.min) -> dict[str, Scores]:
    """Ask of each unit that came ``since`` when it came, by models of four fifths of all that are not its own.

    The folds are put together and scored as one.
    """
    fold = np.random.default_rng(1).integers(0, FOLDS, len(histories))
    parts: list[tuple[Questions, dict[str, Floats]]] = []
    for number in range(FOLDS):
        seen = [each for each, its in zip(histories, fold, strict=True) if its != number]
        asked = questions_of(
            [each for each, its in zip(histories, fold, strict=True) if its == number and each.came >= since]
        )
        parts.append((asked, _curves(seen, asked, None)))
    together = Questions(
        _stacked([part.features for part, _ in parts]),
        np.concatenate([part.price for part, _ in parts]),
        np.concatenate([part.days for part, _ in parts]),
        np.concatenate([part.sold for part, _ in parts]),
    )
    return {name: score(together, np.concatenate([curves[name] for _, curves in parts])) for name in METHODS}


def by_time(histories: Sequence[History], at: date) -> dict[str, Scores]:
    """Ask on a day of every unit that stands there, at its age, by models that know only what was before."""
    asked = questions_of(histories, at)
    curves = _curves(came_by(histories, at), asked, at)
    return {name: score(asked, curves[name]) for name in METHODS}


def _curves(seen: Sequence[History], asked: Questions, until: date | None) -> dict[str, Floats]:
    lives = lives_of(seen, until)
    last = {unit: row for row, unit in enumerate(lives.unit.tolist())}
    rows = np.array(list(last.values()))
    prices = asked.price[:, None]
    return {
        "fitted": fit(lives).survival(asked.features, prices, HORIZON)[:, 0],
        "prior alone": HazardModel.of_prior().survival(asked.features, prices, HORIZON)[:, 0],
        "parameters": _by_parameters(asked),
        "Kaplan-Meier": kaplan_meier(
            lives.until_days[rows], lives.sold[rows], np.zeros(len(rows)), asked.features.age_days
        ),
    }


def _by_parameters(asked: Questions) -> Floats:
    """Give what the parameters' defaults say without a forecast, which nothing has been learned for."""
    features, n = asked.features, len(asked.price)
    base = LN2 / np.where(features.new, _MEDIAN_NEW, _MEDIAN_USED)
    rate = base * price_effect(asked.price / features.market_price, _ELASTICITY)
    exposed = exposure(features.age_days, np.full(n, _STALENESS), np.full(n, HORIZON + 1.0), np.zeros(n))
    return survival(rate[:, None], exposed)[:, 0, : HORIZON + 1]


def _stacked(parts: Sequence[UnitFeatures]) -> UnitFeatures:
    columns = {
        each.name: np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(UnitFeatures)
    }
    return UnitFeatures(**columns)
