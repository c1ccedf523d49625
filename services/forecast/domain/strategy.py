"""The protocol behind which every forecasting method stands; adding one is one file in ``strategies``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from services.forecast.domain.distribution import Predictive
    from services.forecast.domain.panel import Panel


class Model(Protocol):
    """A method fitted to some series of a panel."""

    def predict(self, horizon: int) -> Predictive:
        """Forecast unconstrained demand for ``horizon`` periods after the end, ``[series, horizon]``."""
        ...


class Strategy(Protocol):
    """A way to forecast; stateless and picklable, so that process pools can carry it."""

    @property
    def name(self) -> str:
        """Name it as forecasts and scores show it."""
        ...

    @property
    def together(self) -> bool:
        """Tell whether many series cost little more than one; the others are fitted, and fail, one by one."""
        ...

    def eligible(self, panel: Panel) -> NDArray[np.bool_]:
        """Tell which series are long and dense enough for the method to be worth its time, ``[series]``."""
        ...

    def fit(self, panel: Panel, rows: NDArray[np.int64]) -> Model:
        """Fit to the series of these numbers, at least one; the others are their sisters, which may inform."""
        ...
