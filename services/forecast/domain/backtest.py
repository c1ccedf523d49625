"""Rolling-origin backtest: forecast the past from further back, and compare with what was sold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.forecast.domain.distribution import LEVELS, joined
from services.forecast.domain.scores import coverage80, mase, mase_scale, weekly_pinball

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.forecast.domain.prior import RatePrior
    from services.forecast.domain.series import SegmentHistory
    from services.forecast.domain.strategy import Strategy


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A strategy's rolling-origin result; ``losses`` is pinball per scored week, ``score`` its mean."""

    losses: NDArray[np.float64]
    score: float
    mase: float | None
    coverage80: float


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """The rolling origins of one series: what was known, and what then happened while on hand."""

    known: list[tuple[SegmentHistory, RatePrior | None]]
    actual: NDArray[np.float64]
    exposure: NDArray[np.float64]
    scored: NDArray[np.bool_]
    horizons: list[int]
    scale: float | None

    @classmethod
    def of(cls, history: SegmentHistory, cuts: list[tuple[int, RatePrior | None]], horizon: int) -> Backtest:
        """Cut a history at its origins, each given in weeks before its end with the prior of that day."""
        horizons = [min(horizon, cut) for cut, _ in cuts]
        weeks = [
            slice(history.weeks - cut, history.weeks - cut + length)
            for (cut, _), length in zip(cuts, horizons, strict=True)
        ]
        exposure = np.concatenate([history.exposure[each] for each in weeks])
        earliest = history.weeks - max(cut for cut, _ in cuts)
        return cls(
            known=[(history.before(cut), prior) for cut, prior in cuts],
            actual=np.concatenate([history.sales[each] for each in weeks]),
            exposure=exposure,
            scored=exposure > 0,
            horizons=horizons,
            scale=mase_scale(history.sales[:earliest]),
        )

    def run(self, strategy: Strategy) -> Trial:
        """Fit at each origin and score on the weeks in which there was something to sell."""
        forecast = joined(
            [
                strategy.fit(known, prior).predict(horizon)
                for (known, prior), horizon in zip(self.known, self.horizons, strict=True)
            ]
        ).scaled(self.exposure)
        quantiles = forecast.quantiles(LEVELS)
        actual, seen = self.actual[self.scored], quantiles[self.scored]
        losses = weekly_pinball(actual, seen)
        return Trial(
            losses=losses,
            score=float(losses.mean()),
            mase=mase(actual, forecast.mean[self.scored], self.scale),
            coverage80=coverage80(actual, seen),
        )
