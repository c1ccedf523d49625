"""The protocol behind which every forecasting method stands; adding one is one file in ``strategies``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from services.forecast.domain.distribution import Predictive
    from services.forecast.domain.prior import RatePrior
    from services.forecast.domain.series import SegmentHistory


class Model(Protocol):
    """A method fitted to one series."""

    def predict(self, horizon: int) -> Predictive:
        """Forecast unconstrained demand for ``horizon`` weeks after the history's end."""
        ...


class Strategy(Protocol):
    """A way to forecast; stateless and picklable, so that process pools can carry it."""

    @property
    def name(self) -> str:
        """Name it as forecasts and scores show it."""
        ...

    def eligible(self, history: SegmentHistory) -> bool:
        """Tell whether the series is long and dense enough for the method to be worth its time."""
        ...

    def fit(self, history: SegmentHistory, prior: RatePrior | None) -> Model:
        """Fit to one series; ``prior`` is what its sisters say, None where nothing is known."""
        ...
