"""What the replay comes to in figures, each with how much chance there is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doso.backtest.decisions.replay import Replay, UnitCall

_RESAMPLES: Final = 4_000
_FEW: Final = 2
_GROUPS: Final = 5

LIMITS: Final = tuple(
    """\
Nobody saw what would have happened had the advice been followed: the gains of units hold the engine's estimate of \
the lane, or its price taken at once, against what the unit really brought.
Purchases are compared as the store made them: those that the advice had asked for against those it had not. Stores \
choose with reasons of their own, so the difference is a sign and no proof.
What the store did not buy has no outcome. Its expected value is the engine's own claim, shown apart.
The files have no earlier prices: the last price on each tag stands for all of its days, which hides cuts that the \
store made itself. Vehicles that left without a sale are not in a sales file at all.""".splitlines()
)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over ``n`` cases with its 95 % bootstrap interval; all None without a case."""

    n: int
    mean: float | None
    low: float | None
    high: float | None


def summarise(played: Replay) -> dict[str, Any]:
    """Give the figures as plain values: by action for units, advised or not for purchases, and the unbought."""
    advised = [each for each in played.purchases if each.advised]
    other = [each for each in played.purchases if not each.advised]
    return {
        "months": [day.isoformat() for day in played.months],
        "units": {
            action: _units([each for each in played.unit_calls if each.action == action])
            for action in ("wholesale", "reprice")
        },
        "confidence": {
            action: calibration(
                [
                    (each.confidence, each.gain > 0)
                    for each in played.unit_calls
                    if each.action == action and each.gain is not None
                ]
            )
            for action in ("wholesale", "reprice")
        }
        | {
            "purchase": calibration(
                [
                    (each.confidence, each.net > 0)
                    for each in advised
                    if each.confidence is not None and each.net is not None
                ]
            )
        },
        "purchases": {
            name: {
                "units": len(group),
                "sold_within_60_days": _fields(
                    [float(each.sold_in_time) for each in group if each.sold_in_time is not None]
                ),
                "net_per_unit": _fields([each.net for each in group if each.net is not None]),
            }
            for name, group in (("advised", advised), ("not_advised", other))
        },
        "difference_per_unit": _difference(
            [each.net for each in advised if each.net is not None],
            [each.net for each in other if each.net is not None],
        ),
        "not_bought": {
            "units": sum(each.quantity for each in played.unbought),
            "segments": len({each.label for each in played.unbought}),
            "sold_anyway": sum(each.sold_anyway for each in played.unbought),
            "claimed": sum(each.expected for each in played.unbought),
        },
        "limits": list(LIMITS),
    }


def calibration(calls: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    """Hold confidence against how often it proved right: both means, and the expected calibration error.

    The error is the mean gap of up to five groups of like confidence, about equal in size (Naeini, Cooper and
    Hauskrecht 2015, with equal counts).
    """
    if not calls:
        return {"n": 0, "stated": None, "right": None, "error": None}
    told, right = np.array([each for each, _ in calls]), np.array([float(each) for _, each in calls])
    edges = np.quantile(told, np.arange(1, _GROUPS) / _GROUPS)
    placed = np.searchsorted(edges, told, side="right")  # equal confidence is one group, however many share it
    groups = [placed == place for place in range(_GROUPS) if (placed == place).any()]
    gaps = [abs(told[group].mean() - right[group].mean()) * group.sum() for group in groups]
    return {
        "n": told.size,
        "stated": float(told.mean()),
        "right": float(right.mean()),
        "error": float(sum(gaps) / told.size),
    }


def estimate(values: Sequence[float]) -> Estimate:
    """Give the mean of cases and its percentile bootstrap interval; no interval for fewer than two."""
    if not values:
        return Estimate(0, None, None, None)
    sample = np.array(values, dtype=np.float64)
    if sample.size < _FEW:
        return Estimate(1, float(sample[0]), None, None)
    rows = np.random.default_rng(0).integers(0, sample.size, (_RESAMPLES, sample.size))
    low, high = np.quantile(sample[rows].mean(axis=1), (0.025, 0.975))
    return Estimate(sample.size, float(sample.mean()), float(low), float(high))


def _units(calls: Sequence[UnitCall]) -> dict[str, Any]:
    """Sum up the calls of one action; ``missed`` is what following would have gained, ``spared`` have cost."""
    judged = [each for each in calls if each.gain is not None]
    gains = [each.gain or 0.0 for each in judged]
    days = [each.days_after for each in judged if each.days_after is not None]
    return {
        "advised": len(calls),
        "still_here": len(calls) - len(judged),
        "median_days_after": float(np.median(days)) if days else None,
        "right": sum(gain > 0 for gain in gains),
        "gain_per_unit": _fields(gains),
        "missed": sum(gain for gain in gains if gain > 0),
        "spared": -sum(gain for gain in gains if gain < 0),
    }


def _difference(advised: Sequence[float], other: Sequence[float]) -> dict[str, Any]:
    """Give how much more an advised purchase brought, with its interval."""
    if len(advised) < _FEW or len(other) < _FEW:
        return {"mean": None, "low": None, "high": None}
    rng, first, second = np.random.default_rng(0), np.array(advised), np.array(other)
    draws = (
        first[rng.integers(0, first.size, (_RESAMPLES, first.size))].mean(axis=1)
        - second[rng.integers(0, second.size, (_RESAMPLES, second.size))].mean(axis=1)
    )  # fmt: skip
    low, high = np.quantile(draws, (0.025, 0.975))
    return {"mean": float(first.mean() - second.mean()), "low": float(low), "high": float(high)}


def _fields(values: Sequence[float]) -> dict[str, Any]:
    found = estimate(values)
    return {"n": found.n, "mean": found.mean, "low": found.low, "high": found.high}


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
