"""Each series gets the strategy that forecast its own past best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.forecast.domain.backtest import Backtest, Trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.forecast.domain.distribution import Predictive
    from services.forecast.domain.prior import RatePrior
    from services.forecast.domain.series import SegmentHistory
    from services.forecast.domain.strategy import Strategy

MARGIN = 0.02
"""How much lower a challenger's pinball must be than the first strategy's: a smaller gain is worth less
than the steadiness of advice that does not flip with its method from week to week."""

LUCK = 2.0
"""How many standard errors of the weekly gains the mean gain must exceed. A dozen weeks are a noisy judge
and the best of several flatters itself: without this, sparse series pick what was lucky and do worse."""

_LEAST_TRAINING_WEEKS = 8
_LEAST_SCORED_WEEKS = 4


class NoForecastError(Exception):
    """No strategy could forecast a series; the message names each with its reason."""


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The strategy chosen for a series, its forecast, and what every strategy scored or failed at.

    ``scores``: mean pinball over the rolling origins, units a week; empty where history is too short.
    ``mase`` and ``coverage80`` are the chosen strategy's, None where unscored. ``failures``: reason by
    strategy.
    """

    strategy: str
    predictive: Predictive
    scores: dict[str, float]
    mase: float | None
    coverage80: float | None
    failures: dict[str, str]


def choose(
    history: SegmentHistory,
    strategies: Sequence[Strategy],
    prior: RatePrior | None,
    *,
    past_priors: Sequence[RatePrior | None] | None = None,
    origins: int = 3,
    step: int = 4,
    horizon: int = 4,
    ahead: int = 13,
) -> Choice:
    """Backtest eligible strategies from ``origins`` past weeks, ``step`` apart; forecast with the best.

    The first strategy is the one to beat, and the answer for ties and short histories. Another must beat
    it by MARGIN and LUCK. ``past_priors[k]`` is the prior as it was ``(k + 1) * step`` weeks ago, so that no
    strategy sees what its sisters sold later; without them ``prior`` serves. Each forecast is thinned to
    the time on hand before it meets the sales. ``ahead`` is the forecast's length in weeks.

    A strategy that raises is recorded in ``failures`` and the others go on. Raises NoForecastError when
    none is left, ValueError for an empty list.
    """
    if not strategies:
        message = "choose needs at least one strategy"
        raise ValueError(message)
    failures: dict[str, str] = {}
    candidates = [strategies[0], *(each for each in strategies[1:] if each.eligible(history))]
    cuts = [
        (cut, prior if past_priors is None else past_priors[k])
        for k in range(origins)
        if history.weeks - (cut := (k + 1) * step) >= _LEAST_TRAINING_WEEKS
    ]
    trials: dict[str, Trial] = {}
    if cuts:
        test = Backtest.of(history, cuts, horizon)
        for strategy in candidates if test.scored.sum() >= _LEAST_SCORED_WEEKS else ():
            try:
                trials[strategy.name] = test.run(strategy)
            except Exception as error:  # noqa: BLE001 - whatever a library raises must not hide the others
                failures[strategy.name] = _reason(error)
    for strategy in _ranked(candidates, trials):
        if strategy.name in failures:
            continue
        try:
            predictive = strategy.fit(history, prior).predict(ahead)
        except Exception as error:  # noqa: BLE001 - as above
            failures[strategy.name] = _reason(error)
            continue
        trial = trials.get(strategy.name)
        return Choice(
            strategy=strategy.name,
            predictive=predictive,
            scores={name: each.score for name, each in trials.items()},
            mase=trial.mase if trial else None,
            coverage80=trial.coverage80 if trial else None,
            failures=failures,
        )
    message = f"no strategy could forecast segment {history.segment!r}: {failures}"
    raise NoForecastError(message)


def _ranked(candidates: Sequence[Strategy], trials: dict[str, Trial]) -> list[Strategy]:
    """Put winners first, by score, then the incumbent, then whoever could stand in for it."""
    incumbent, *rest = candidates
    rest.sort(key=lambda each: trials[each.name].score if each.name in trials else float("inf"))
    best = trials.get(incumbent.name)
    winners = [each for each in rest if best and each.name in trials and _beats(trials[each.name], best)]
    return [*winners, incumbent, *(each for each in rest if each not in winners)]


def _beats(challenger: Trial, incumbent: Trial) -> bool:
    """Tell whether a challenger is better by the margin, and by more than luck explains."""
    gains = incumbent.losses - challenger.losses
    luck = LUCK * float(gains.std(ddof=1)) / math.sqrt(gains.size)
    return challenger.score < (1.0 - MARGIN) * incumbent.score and float(gains.mean()) > luck


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
