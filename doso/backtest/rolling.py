"""Rolling origins over a panel: refit at each, forecast, and score against what came."""

from __future__ import annotations

import resource
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from doso.backtest.methods import METHODS, Forecasts
from services.forecast.domain.distribution import LEVELS
from services.forecast.domain.panel import panel_of
from services.forecast.domain.scores import mase_scale, weekly_pinball

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from services.forecast.domain.series import History

_LOWER, _UPPER = LEVELS.index(0.10), LEVELS.index(0.90)
_TRAINING_SEASONS = 2
_TRAINING_LONG_SEASONS = 1.25
_LEAST_TRAINING = 12


@dataclass(frozen=True, slots=True)
class Protocol:
    """``origins`` origins, ``step`` periods apart, the last ``horizon`` before the end; all refit at each."""

    frequency: str
    horizon: int
    origins: int
    step: int
    series: int

    @property
    def span(self) -> int:
        """Periods from the first origin to the end."""
        return self.horizon + self.step * (self.origins - 1)


@dataclass(frozen=True, slots=True)
class Score:
    """How a method did; errors in units of each series' own seasonal naive error in sample, WAPE in [0, ...).

    ``series_per_s``: series refitted and forecast a second of processor time, intervals included.
    """

    method: str
    mase: float | None
    wape: float | None
    pinball: float | None
    coverage80: float
    series_per_s: float

    def as_json(self) -> dict[str, Any]:
        """Give the score as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """The origins of a backtest with what came; ``actual`` and ``scale`` are ``[origins, series, ...]``."""

    histories: tuple[History, ...]
    protocol: Protocol
    actual: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def of(cls, histories: Sequence[History], protocol: Protocol) -> Replay:
        """Cut series that end together; each must hold ``periods_needed``."""
        cuts = [protocol.horizon + protocol.step * k for k in reversed(range(protocol.origins))]
        actual = [
            [history.values[history.periods - cut :][: protocol.horizon] for history in histories] for cut in cuts
        ]
        season = histories[0].frequency.season_length
        scale = [[mase_scale(history.before(cut).values, season) or np.nan for history in histories] for cut in cuts]
        return cls(tuple(histories), protocol, np.array(actual), np.array(scale))

    def run(self, method: str, advance: Callable[[], None]) -> tuple[Score, list[Forecasts]]:
        """Forecast from every origin with a method of METHODS and score it; ``advance`` after each.

        A first forecast of one series is not timed: it loads and compiles libraries.
        """
        made, seconds = [], 0.0
        first = self.histories[0].before(self.protocol.span)
        METHODS[method](panel_of([first], first.end), self.protocol.horizon)
        for place in range(self.protocol.origins):
            cut = self.protocol.span - self.protocol.step * place
            known = [history.before(cut) for history in self.histories]
            began = processor_seconds()
            made.append(METHODS[method](panel_of(known, known[0].end), self.protocol.horizon))
            seconds += processor_seconds() - began
            advance()
        return self.score(method, made, seconds), made

    def score(self, method: str, made: Sequence[Forecasts], seconds: float) -> Score:
        """Score forecasts from all origins; series whose scale is 0 count for WAPE and coverage only."""
        mean = np.stack([each.mean for each in made])
        quantiles = np.stack([each.quantiles for each in made])
        missed = np.abs(self.actual - mean)
        losses = weekly_pinball(self.actual.ravel(), quantiles.reshape(-1, len(LEVELS))).reshape(missed.shape)
        inside = (self.actual >= quantiles[..., _LOWER]) & (self.actual <= quantiles[..., _UPPER])
        total = float(self.actual.sum())
        count = len(self.histories) * self.protocol.origins
        return Score(
            method=method,
            mase=_average(missed.mean(axis=2) / self.scale),
            wape=float(missed.sum()) / total if total > 0 else None,
            pinball=_average(losses.mean(axis=2) / self.scale),
            coverage80=float(inside.mean()),
            series_per_s=count / max(seconds, 1e-6),
        )


def periods_needed(season_length: int, span: int) -> int:
    """Give the periods a series must hold: two seasons before the first origin, of weeks one and a quarter."""
    seasons = _TRAINING_SEASONS if season_length <= _LEAST_TRAINING else _TRAINING_LONG_SEASONS
    return span + max(int(seasons * season_length), _LEAST_TRAINING)


def processor_seconds() -> float:
    """Add up the time of this process and of its ended children, in which Prophet's optimiser runs."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _average(by_origin: NDArray[np.float64]) -> float | None:
    """Average over origins, then over the series that can be scaled; None where none can."""
    known = by_origin[:, np.isfinite(by_origin).all(axis=0)]
    return float(known.mean()) if known.size else None
