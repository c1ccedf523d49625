"""Each series gets the strategy that forecast its own past best."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.backtest import Backtest, Trial, combined, mixed
from services.forecast.domain.distribution import NegativeBinomial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.forecast.domain.distribution import Predictive
    from services.forecast.domain.panel import Panel
    from services.forecast.domain.strategy import Strategy

MARGIN = 0.02
"""How much lower a challenger's pinball must be than the first strategy's: a smaller gain is worth less
than the steadiness of advice that does not flip with its method from week to week."""

CHANCE = 0.025
"""How likely the best of all challengers may seem better by chance alone. A dozen weeks are a noisy judge and
the best of several flatters itself: without this, sparse series pick what was lucky and do worse."""

ENSEMBLE = "ensemble"
_LEAST_SCORED = 4


class NoForecastError(Exception):
    """No strategy could forecast a series; the message names each with its reason."""


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The strategy chosen for a series, its forecast, and what every strategy scored or failed at.

    ``predictive``: shape ``[periods]``. ``scores``: mean pinball over the rolling origins, units a period;
    empty where history is too short. ``mase`` and ``coverage80`` are the chosen strategy's, None where
    unscored. ``weights``: of the ensemble's parts, where it was scored. ``failures``: reason by strategy.
    """

    strategy: str
    predictive: Predictive
    scores: dict[str, float]
    mase: float | None
    coverage80: float | None
    weights: dict[str, float]
    failures: dict[str, str]


def choose(
    panel: Panel,
    strategies: Sequence[Strategy],
    rows: Sequence[int] | None = None,
    *,
    origins: int = 3,
    step: int = 4,
    horizon: int = 4,
    ahead: int = 13,
) -> list[Choice]:
    """Backtest strategies from ``origins`` past periods, ``step`` apart; forecast each series with its best.

    The first strategy is the one to beat, and the answer for ties and short histories. Another must beat it by
    MARGIN and by more than CHANCE explains; so must their inverse-error ensemble. Strategies that fit many
    series together are run on the whole panel, the others only on ``rows`` (all, if None), so that a series'
    forecast does not depend on what else was asked for. Each forecast is thinned to the time on hand before it
    meets the sales; the spread is corrected by what the backtest measured. ``ahead`` is the forecast's length
    in periods.

    A strategy that raises is recorded in ``failures`` and the others go on. Raises NoForecastError when
    none is left for a series, ValueError for an empty list.
    """
    if not strategies:
        message = "choose needs at least one strategy"
        raise ValueError(message)
    wanted = np.arange(panel.size) if rows is None else np.asarray(rows, dtype=np.int64)
    contest = _Contest(panel, Backtest.of(panel, origins, step, horizon), ahead)
    for place, strategy in enumerate(strategies):
        mask = np.ones(panel.size, dtype=np.bool_) if place == 0 else strategy.eligible(panel)
        if strategy.together:
            contest.enter(strategy, np.flatnonzero(mask))
        else:
            for row in wanted[mask[wanted]].tolist():
                contest.enter(strategy, np.array([row]))
    return [contest.winner(strategies, row) for row in wanted.tolist()]


@dataclass(slots=True)
class _Contest:
    """Trials and forecasts as they come in, by strategy and series."""

    panel: Panel
    test: Backtest
    ahead: int
    trials: dict[tuple[str, int], Trial] = field(default_factory=dict)
    fitted: dict[str, tuple[Predictive, dict[int, int]]] = field(default_factory=dict)
    alone: dict[tuple[str, int], Strategy] = field(default_factory=dict)
    failures: dict[int, dict[str, str]] = field(default_factory=dict)
    parts: dict[str, tuple[Trial, NDArray[np.int64]]] = field(default_factory=dict)
    calibrations: dict[str, float] = field(default_factory=dict)
    mixtures: dict[int, tuple[Trial, dict[str, float], Predictive]] = field(default_factory=dict)
    mixed_done: bool = False

    def enter(self, strategy: Strategy, rows: NDArray[np.int64]) -> None:
        """Run a strategy on some series; whatever a library raises is noted and hides nobody."""
        if not rows.size:
            return
        try:
            if self.test.known and (scored := rows[self._judged(rows)]).size:
                trial = self.test.run(strategy, scored)
                for place, row in enumerate(scored.tolist()):
                    self.trials[strategy.name, row] = trial[place]
                if strategy.together:
                    self.parts[strategy.name] = (trial, scored)
                    self.calibrations[strategy.name] = self.test.calibration(trial, scored)
            if strategy.together:
                forecast = strategy.fit(self.panel, rows).predict(self.ahead)
                self.fitted[strategy.name] = (forecast, {row: place for place, row in enumerate(rows.tolist())})
            else:
                self.alone[strategy.name, int(rows[0])] = strategy
        except Exception as error:  # noqa: BLE001 - whatever a library raises must not hide the others
            for row in rows.tolist():
                self.trials.pop((strategy.name, row), None)
                self.failures.setdefault(row, {})[strategy.name] = f"{type(error).__name__}: {error}"
            self.parts.pop(strategy.name, None)

    def winner(self, strategies: Sequence[Strategy], row: int) -> Choice:
        """Rank a series' strategies and forecast with the first that can."""
        self._mix()
        names = [each.name for each in strategies]
        if row in self.mixtures:
            self.trials[ENSEMBLE, row] = self.mixtures[row][0]
            names.append(ENSEMBLE)
        weights = self.mixtures[row][1] if row in self.mixtures else {}
        trials = {name: self.trials[name, row] for name in names if (name, row) in self.trials}
        for name in _ranked(names, trials):
            predictive = self._forecast(name, row)
            if predictive is None:
                continue
            trial = trials.get(name)
            return Choice(
                strategy=name,
                predictive=predictive,
                scores={each: float(scored.score) for each, scored in trials.items()},
                mase=None if trial is None else self.test.mase(trial, row),
                coverage80=None if trial is None else float(trial.inside[self.test.scored[row]].mean()),
                weights=weights,
                failures=self.failures.get(row, {}),
            )
        message = f"no strategy could forecast {self.panel.names[row]!r}: {self.failures.get(row, {})}"
        raise NoForecastError(message)

    def _judged(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        judged: NDArray[np.bool_] = self.test.scored[rows].sum(axis=(1, 2)) >= _LEAST_SCORED
        return judged

    def _mix(self) -> None:
        """Combine the strategies that were run together, over the series that all of them took part in."""
        if self.mixed_done:
            return
        self.mixed_done = True
        if len(self.parts) <= 1:
            return
        everyone = set.intersection(*(set(rows.tolist()) for _, rows in self.parts.values()))
        shared = np.array(sorted(everyone), dtype=np.int64)
        if not shared.size:
            return
        trials = [trial[np.searchsorted(rows, shared)] for trial, rows in self.parts.values()]
        trial, weights = combined(trials, self.test, shared)
        self.calibrations[ENSEMBLE] = self.test.calibration(trial, shared)
        forecasts = []
        for name in self.parts:
            forecast, places = self.fitted[name]
            forecasts.append(forecast[np.array([places[row] for row in shared.tolist()])])
        mixture = mixed(forecasts, weights)
        for place, row in enumerate(shared.tolist()):
            shares = dict(zip(self.parts, weights[:, place].tolist(), strict=True))
            self.mixtures[row] = (trial[place], shares, mixture[place])

    def _forecast(self, name: str, row: int) -> Predictive | None:
        """Forecast one series, with the calendar's effect and the measured spread; None where it cannot be."""
        if name == ENSEMBLE:
            found: Predictive = self.mixtures[row][2]
        elif name in self.fitted:
            forecast, places = self.fitted[name]
            if row not in places:
                return None
            found = forecast[places[row]]
        elif (name, row) in self.alone:
            try:
                found = self.alone[name, row].fit(self.panel, np.array([row])).predict(self.ahead)[0]
            except Exception as error:  # noqa: BLE001 - as above
                self.failures.setdefault(row, {})[name] = f"{type(error).__name__}: {error}"
                return None
        else:
            return None
        scaled = found.scaled(self.panel.index_ahead(self.ahead))
        return _widened(scaled, self.calibrations.get(name, 1.0))


def _widened(predictive: Predictive, factor: float) -> Predictive:
    return predictive.widened(factor) if isinstance(predictive, NegativeBinomial) else predictive


def _ranked(names: Sequence[str], trials: dict[str, Trial]) -> list[str]:
    """Put winners first, by score, then the incumbent, then whoever could stand in for it."""
    incumbent, *rest = names
    scores = {name: float(trial.score) for name, trial in trials.items()}
    rest.sort(key=lambda name: scores.get(name, math.inf))
    best = trials.get(incumbent)
    entered = [name for name in rest if best is not None and name in trials]
    winners = _better([trials[name] for name in entered], best) if best is not None and entered else ()
    ahead = [name for name, better in zip(entered, winners, strict=True) if better]
    return [*ahead, incumbent, *(name for name in rest if name not in ahead)]


def _better(challengers: Sequence[Trial], incumbent: Trial) -> list[bool]:
    """Tell which challengers are better by the margin, and by more than the luck of the best of so many."""
    scored = np.isfinite(incumbent.losses)
    gains = (incumbent.losses - np.array([each.losses for each in challengers]))[:, scored]
    count = gains.shape[1]
    if count < _LEAST_SCORED:
        return [False] * len(challengers)
    luck = _standard_errors(len(challengers))
    gain, error = gains.mean(axis=1), gains.std(axis=1, ddof=1) / math.sqrt(count)
    better: list[bool] = ((gain > MARGIN * incumbent.losses[scored].mean()) & (gain > luck * error)).tolist()
    return better


@cache
def _standard_errors(challengers: int) -> float:
    """Give how many standard errors the best of so many exceeds by CHANCE alone, by Bonferroni's correction."""
    return NormalDist().inv_cdf(1.0 - CHANCE / challengers)
