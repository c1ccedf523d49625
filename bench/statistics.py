"""Figures out of samples: medians of repeats with their range, and percentiles of latencies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of repeats and their range, all in the unit of what was repeated."""

    median: float
    least: float
    most: float
    repeats: int


@dataclass(frozen=True, slots=True)
class Latencies:
    """How long things took, in seconds."""

    p50: float
    p99: float
    longest: float
    count: int


def spread(values: Sequence[float]) -> Spread:
    """Summarise repeats of one measurement; raises ValueError for none."""
    return Spread(percentile(values, 0.5), min(values), max(values), len(values))


def latencies(seconds: Sequence[float]) -> Latencies:
    """Summarise durations in seconds; raises ValueError for none."""
    return Latencies(percentile(seconds, 0.5), percentile(seconds, 0.99), max(seconds), len(seconds))


def percentile(values: Sequence[float], share: float) -> float:
    """Interpolate the value below which ``share`` of the sample lies (Hyndman and Fan's type 7).

    Raises ValueError for an empty sample or a share outside [0, 1].
    """
    if not values:
        message = "nothing was measured, so there is no percentile"
        raise ValueError(message)
    if not 0 <= share <= 1:
        message = f"a share lies between 0 and 1, not {share}"
        raise ValueError(message)
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
