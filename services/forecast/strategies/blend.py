"""The cheap candidates combined by how each did before, with intervals of measured errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.forecast.domain.blend import blend
from services.forecast.strategies.library import dense
from services.forecast.strategies.seasonal_naive import SeasonalNaive
from services.forecast.strategies.smoothed_level import SmoothedLevel
from services.forecast.strategies.smoothed_root import SmoothedRoot
from services.forecast.strategies.smoothed_season import SmoothedSeason

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from services.forecast.domain.panel import Panel
    from services.forecast.domain.strategy import Model, Strategy

_DRIFT = 0.25
_LEAST_SEASONS = 1.5


def candidates() -> tuple[Strategy, ...]:
    """List what is combined: level, season, drift, roots and last season, each wrong in its own way."""
    drifting = SmoothedSeason("seasonal_drift", drift=_DRIFT)
    return (SmoothedSeason(), drifting, SmoothedRoot(), SmoothedLevel(), SeasonalNaive())


@dataclass(frozen=True, slots=True)
class Blend:
    """Combine smoothing with and without season, drift and roots by inverse error, pooled over sisters."""

    name: str = "blend"
    together: bool = True

    def eligible(self, panel: Panel) -> NDArray[np.bool_]:
        """Require one and a half seasons, since the weights are learned from the later part of them."""
        return dense(panel, int(_LEAST_SEASONS * panel.frequency.season_length))

    def fit(self, panel: Panel, rows: NDArray[np.int64]) -> Model:
        """Backtest the candidates within the series' own past."""
        return blend(panel, candidates(), rows)
