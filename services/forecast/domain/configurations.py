"""Configurations of a segment: model-year band, trim, body, drivetrain, fuel; shares that sum to the segment.

Most configurations sell less than one a month, so none is forecast alone: the segment's demand is shared
out by what was sold lately, shrunk towards what is stocked at all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.censoring import HALF_LIFE_WEEKS
from services.forecast.domain.configuration import OTHER, Configuration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from services.forecast.domain.distribution import Predictive
    from services.forecast.domain.history import Stay

_PRIOR_UNITS = 4.0
"""How many sales the mix of stock counts as: configurations nobody has sold yet keep a part."""
_MOST = 40
_DAYS_PER_WEEK = 7.0
_LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class ConfigurationForecast:
    """A configuration's part of its segment: ``share`` in [0, 1], and the same demand in units.

    ``mean``: units over the whole horizon; ``quantiles``: 10, 50 and 90 % of an average week's units.
    """

    configuration: Configuration
    share: float
    units_sold: int
    mean: float
    quantiles: tuple[float, ...]


def body_groups(stays: Sequence[Stay]) -> dict[str, str]:
    """Place each segment under its condition and, where it is known, its usual body: ``used/pickup``."""
    bodies: dict[str, Counter[str]] = defaultdict(Counter)
    for stay in stays:
        found = stay.configuration.body if stay.configuration else None
        bodies[stay.segment][found.casefold() if found else ""] += 1
    groups = {}
    for segment, counts in bodies.items():
        condition = segment.partition("/")[0]
        named = Counter({body: count for body, count in counts.items() if body})
        groups[segment] = group_of(condition, min(named, key=lambda each: (-named[each], each)) if named else "")
    return groups


def group_of(condition: str, body: str) -> str:
    """Name the group of a condition and a body in lower case, which may be empty: ``used/pickup``."""
    return f"{condition}/{body.replace('/', ' ')}" if body else condition


def shares(stays: Sequence[Stay], as_of: date) -> list[tuple[Configuration, float, int]]:
    """Share one segment out over its configurations, largest first; shares sum to 1, with units sold.

    A Dirichlet posterior: sales, halved in weight every 26 weeks, plus four units spread like the stays.
    Spellings that differ in case are one. Beyond forty, the rest are one. Empty where nothing was stocked.
    """
    sold: dict[Configuration, float] = defaultdict(float)
    stood: dict[Configuration, float] = defaultdict(float)
    units: Counter[Configuration] = Counter()
    spelled: dict[Configuration, Counter[Configuration]] = defaultdict(Counter)
    for stay in stays:
        configuration = stay.configuration or OTHER
        folded = _folded(configuration)
        spelled[folded][configuration] += 1
        seen = min(stay.left or as_of, as_of)
        weight = 0.5 ** ((as_of - seen).days / _DAYS_PER_WEEK / HALF_LIFE_WEEKS)
        stood[folded] += weight
        if stay.sold and stay.left is not None and stay.left <= as_of:
            sold[folded] += weight
            units[folded] += 1
    if not stood:
        return []
    total, present = sum(sold.values()), sum(stood.values())
    part = {each: (sold[each] + _PRIOR_UNITS * stood[each] / present) / (total + _PRIOR_UNITS) for each in stood}
    ranked = sorted(part, key=lambda each: (-part[each], str(each)))
    shown = [(_usual(spelled[each]), part[each], units[each]) for each in ranked[:_MOST]]
    if rest := ranked[_MOST:]:
        shown.append((OTHER, sum(part[each] for each in rest), sum(units[each] for each in rest)))
    return shown


def shared_out(
    predictive: Predictive, parts: Sequence[tuple[Configuration, float, int]]
) -> tuple[ConfigurationForecast, ...]:
    """Thin a segment's demand into its configurations'; means sum to the segment's exactly.

    Each buyer of the segment wants one configuration, so thinning keeps the gamma's shape. ``predictive`` has
    shape ``[weeks]``.
    """
    return tuple(
        ConfigurationForecast(
            configuration=configuration,
            share=share,
            units_sold=sold,
            mean=share * float(predictive.mean.sum()),
            quantiles=tuple(np.mean(predictive.scaled(share).quantiles(_LEVELS), axis=0).tolist()),
        )
        for configuration, share, sold in parts
    )


def by_segment(stays: Sequence[Stay]) -> Mapping[str, list[Stay]]:
    """Sort stays by segment."""
    sorted_stays: dict[str, list[Stay]] = defaultdict(list)
    for stay in stays:
        sorted_stays[stay.segment].append(stay)
    return sorted_stays


def _folded(configuration: Configuration) -> Configuration:
    texts = {
        name: value.casefold()
        for name in ("trim", "body", "drivetrain", "fuel")
        if (value := getattr(configuration, name)) is not None
    }
    return replace(configuration, **texts)


def _usual(spellings: Counter[Configuration]) -> Configuration:
    return min(spellings, key=lambda each: (-spellings[each], str(each)))
